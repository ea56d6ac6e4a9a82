import { getBlob, reportKey, resultKey } from '../../../adapters/stores/objects/blobs.js';
import { encodeClosed } from '../../../adapters/wire/closed.js';
import { decodeEvidence, maxEvidenceBytes } from '../../../adapters/wire/evidence.js';
import { stringifyExact } from '../../../adapters/wire/json.js';
import { encodeVerdict, type VerdictAnnouncement } from '../../../adapters/wire/verdict.js';
import { runReport, type RenderContext } from '../../../core/report/format.js';
import { reportFormats } from '../../../core/report/index.js';
import type { StoredVerdict } from '../../../core/ports/scan-store.js';
import { asScanError } from '../../../core/scan/errors.js';
import type { Evidence, ScanResult } from '../../../core/scan/result.js';
import type { ScanOutcome } from '../../../workflows/scan-model/contract.js';
import { injectTrace } from '../../common/tracing.js';
import type { ActivityParts } from './parts.js';

/**
 * Tells the verdict: reports first, then whoever listens.
 * @param attempt from 1. Pictures that cannot be had for long are left out: a verdict is not held up by a picture.
 */
export async function publish(parts: ActivityParts, scanId: string, attempt: number): Promise<ScanOutcome | undefined> {
  const { store, publish: send, metrics, now } = parts;
  const verdict = await store.verdict(scanId);
  if (!verdict) return undefined;
  const result = { ...verdict.result, evidence: await evidenceOf(parts, verdict, attempt) };
  await putReports(parts, result);

  const headers = injectTrace();
  const announcement = encoded(parts, result);
  if (announcement) await send('verdicts', [{ key: result.model.digest ?? scanId, value: announcement, headers }]);
  await send('closed', [{ key: scanId, value: encodeClosed({ scanId, closedAt: now() }), headers }]);
  metrics.inc('published', { verdict: result.verdict });
  const { reason, score, targetClasses } = result;
  return { scanId, verdict: result.verdict, reason, score, targetClasses, reportKey: reportKey(scanId, 'json') };
}

async function evidenceOf(
  { objects, logger }: ActivityParts,
  { result, pictures }: StoredVerdict,
  attempt: number,
): Promise<Evidence[]> {
  const evidence: Evidence[] = [];
  for (const { classIndex, blob } of pictures) {
    try {
      evidence.push(decodeEvidence(await getBlob(objects, blob, maxEvidenceBytes)));
    } catch (thrown) {
      const error = asScanError(thrown);
      if (error.retryable && attempt < patientAttempts) throw error;
      logger.error({ err: error, scanId: result.scanId, classIndex }, 'report without the pictures of a class');
    }
  }
  return evidence;
}

/** With growing pauses some ten minutes. */
const patientAttempts = 15;

async function putReports({ objects, encodeImage, version, now }: ActivityParts, result: ScanResult): Promise<void> {
  const report = runReport({
    tool: { name: 'neuroninspect', version },
    startedAt: new Date(now() - 1000 * result.timings.total).toISOString(),
    results: [result],
    failOn: 'warning',
    warnings: [],
  });
  const context: RenderContext = { colour: false, width: 100, encodeImage };
  const put = async (key: string, text: string) => {
    const bytes = Buffer.from(text);
    await objects.put(key, bytes, bytes.length);
  };
  await put(resultKey(result.scanId), stringifyExact(result));
  for (const format of ['json', 'html'] as const) {
    await put(reportKey(result.scanId, format), await reportFormats.get(format)!.render(report, context));
  }
}

/** Undefined where no listener would accept it, which no repetition mends: whoever waits for the scan gets its verdict. */
function encoded({ logger, now }: ActivityParts, result: ScanResult): Uint8Array | undefined {
  try {
    return encodeVerdict(announcementOf(result, now()));
  } catch (error) {
    logger.error({ err: error, scanId: result.scanId }, 'verdict not announced');
    return undefined;
  }
}

function announcementOf(result: ScanResult, judgedAt: number): VerdictAnnouncement {
  const { scanId, model, images, profile, verdict, reason, score, pValue, targetClasses, findings } = result;
  return {
    scanId,
    model: { name: model.path, digest: model.digest ?? '' },
    imagesDigest: images.digest,
    profile,
    verdict,
    reason,
    // A score that is no number is none.
    score: finite(score),
    pValue: finite(pValue),
    targetClasses,
    findings,
    reportKey: reportKey(scanId, 'json'),
    judgedAt,
  };
}

function finite(value: number | undefined): number | undefined {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
