import type { LockedScan, StoredInspection } from '../ports/scan-store.js';
import { engineOf, inspectedModel, type ResultFacts } from '../scan/assemble-result.js';
import type { ModelIdentity } from '../scan/result.js';
import type { TaskResult } from './task.js';

/** What a result says besides the judgement. Seconds of a stage are those of its tasks, wherever they ran; the total is time that passed. */
export async function factsOf(scan: LockedScan, inspected: StoredInspection | undefined): Promise<ResultFacts> {
  const { order, age, profileHash } = scan;
  const { settings, images } = order;
  const saliency = await scan.results('saliency');
  const confirm = await scan.results('confirm');
  const model: ModelIdentity = {
    path: order.model.name,
    digest: order.model.digest,
    bytes: order.model.files.reduce((sum, { bytes }) => sum + bytes, 0),
    format: order.model.format,
  };
  const workers = new Set([...saliency, ...confirm].map(({ worker }) => worker));
  return {
    scanId: order.scanId,
    model: inspected ? inspectedModel(model, inspected.inspection) : model,
    profile: settings.profile,
    profileHash,
    images: { digest: images.digest, count: images.count, labelled: images.labelled },
    accuracy: inspected?.inspection.accuracy,
    checks: inspected?.inspection.checks,
    engine: inspected?.engine && engineOf(inspected.engine, Math.max(1, workers.size)),
    timings: {
      total: age,
      ...(inspected ? { inspect: inspected.seconds } : {}),
      ...(saliency.length > 0 ? { saliency: secondsOf(saliency) } : {}),
      ...(confirm.length > 0 ? { confirm: secondsOf(confirm) } : {}),
    },
  };
}

function secondsOf(results: readonly TaskResult[]): number {
  return results.reduce((sum, { seconds }) => sum + seconds, 0);
}
