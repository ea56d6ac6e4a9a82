import { severities, verdicts, type Reason, type Severity, type Verdict } from '../../core/scan/result.js';
import { cut, hex64, integer, list, longest, matching, most, oneOf, refuse, sha256Digest, text } from './check.js';
import { maxMessageBytes, readMessage, writeMessage, type MessageType } from './message.js';
import { readReason, readTime, v1, writeReason, type types } from './parts.js';

/** What listeners are told once a scan has its verdict. The whole report is in the object store. */
export interface VerdictAnnouncement {
  readonly scanId: string;
  readonly model: { readonly name: string; readonly digest: string };
  readonly imagesDigest: string;
  readonly profile: { readonly name: string; readonly version: number; readonly hash: string };
  readonly verdict: Verdict;
  /** Set exactly when the verdict is `inconclusive`. */
  readonly reason?: Reason | undefined;
  readonly score?: number | undefined;
  readonly pValue?: number | undefined;
  readonly targetClasses: readonly number[];
  readonly findings: readonly AnnouncedFinding[];
  readonly reportKey: string;
  /** Milliseconds since the epoch. */
  readonly judgedAt: number;
}

export interface AnnouncedFinding {
  /** A `FindingRule`, or one of a newer version. */
  readonly rule: string;
  readonly severity: Severity;
  readonly classIndex: number;
  readonly message: string;
}

type Fields = types.scan.v1.ScanVerdict.$Properties;

const scanVerdict: MessageType<Fields, Fields> = {
  name: 'ScanVerdict',
  codec: v1.ScanVerdict,
  maxBytes: maxMessageBytes,
  repeated: { 12: 'numbers' },
};

const wireVerdicts = {
  clean: v1.ScanVerdict.Verdict.VERDICT_CLEAN,
  inconclusive: v1.ScanVerdict.Verdict.VERDICT_INCONCLUSIVE,
  suspicious: v1.ScanVerdict.Verdict.VERDICT_SUSPICIOUS,
  backdoored: v1.ScanVerdict.Verdict.VERDICT_BACKDOORED,
} as const satisfies Record<Verdict, types.scan.v1.ScanVerdict.Verdict>;

/** @throws ScanError `internal` for an announcement that no listener would accept. */
export function encodeVerdict(announcement: VerdictAnnouncement): Uint8Array {
  const { model, profile, reason, score, pValue } = announcement;
  return writeMessage(
    scanVerdict,
    {
      scanId: announcement.scanId,
      modelDigest: model.digest,
      modelName: cut(model.name, longest.name),
      imagesDigest: announcement.imagesDigest,
      profileName: cut(profile.name, longest.word),
      profileVersion: profile.version,
      profileHash: profile.hash,
      verdict: wireVerdicts[announcement.verdict],
      ...(reason === undefined ? {} : { reason: writeReason(reason) }),
      ...(score === undefined ? {} : { score }),
      ...(pValue === undefined ? {} : { pValue }),
      targetClasses: [...announcement.targetClasses],
      findings: announcement.findings.map(({ rule, severity, classIndex, message }) => {
        return { rule, severity, classIndex, message: cut(message, longest.message) };
      }),
      reportKey: announcement.reportKey,
      judgedAtMs: announcement.judgedAt,
    },
    accept,
  );
}

/** @throws ScanError `message-malformed`. */
export function decodeVerdict(bytes: Uint8Array): VerdictAnnouncement {
  return readMessage(scanVerdict, bytes, accept);
}

function accept(fields: Fields): VerdictAnnouncement {
  const verdict = verdicts.find((name) => wireVerdicts[name] === fields.verdict);
  if (verdict === undefined) return refuse('verdict', `is ${fields.verdict ?? 0}, which is no verdict`);
  if ((verdict === 'inconclusive') !== Boolean(fields.reason)) {
    refuse('reason', `must be there exactly when the verdict is inconclusive, but the verdict is ${verdict}`);
  }
  return {
    scanId: matching(fields.scanId, 'scan_id', hex64),
    model: {
      name: text(fields.modelName, 'model_name', longest.name),
      digest: matching(fields.modelDigest, 'model_digest', sha256Digest),
    },
    imagesDigest: matching(fields.imagesDigest, 'images_digest', sha256Digest),
    profile: {
      name: text(fields.profileName, 'profile_name', longest.word),
      version: integer(fields.profileVersion, 'profile_version', 0),
      hash: matching(fields.profileHash, 'profile_hash', hex64),
    },
    verdict,
    ...(fields.reason ? { reason: readReason(fields.reason, 'reason') } : {}),
    ...(typeof fields.score === 'number' ? { score: fields.score } : {}),
    ...(typeof fields.pValue === 'number' ? { pValue: fields.pValue } : {}),
    targetClasses: list(fields.targetClasses, 'target_classes', most.classes).map((index) =>
      integer(index, 'target_classes', 0, most.classes - 1),
    ),
    findings: list(fields.findings, 'findings', most.classes).map(readFinding),
    reportKey: matching(fields.reportKey, 'report_key', /^[A-Za-z0-9._/-]{1,512}$/),
    judgedAt: readTime(fields.judgedAtMs, 'judged_at_ms'),
  };
}

function readFinding(fields: types.scan.v1.ScanVerdict.Finding.$Properties): AnnouncedFinding {
  return {
    rule: matching(fields.rule, 'findings.rule', /^[a-z][a-z0-9-]{0,63}$/),
    severity: oneOf(fields.severity, 'findings.severity', severities),
    classIndex: integer(fields.classIndex, 'findings.class_index', 0, most.classes - 1),
    message: text(fields.message, 'findings.message', longest.message),
  };
}
