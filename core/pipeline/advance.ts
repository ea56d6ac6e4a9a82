import { detect } from '../detect/detect.js';
import { judge } from '../detect/judge.js';
import type { NullTables } from '../detect/p-value.js';
import { mergeShards } from '../plan/merge.js';
import type { LockedScan, ScanState, StoredVerdict } from '../ports/scan-store.js';
import { inconclusiveResult, judgedResult } from '../scan/assemble-result.js';
import { ScanError } from '../scan/errors.js';
import { reasonOf } from '../scan/reason-of.js';
import type { EvidenceSummary, Reason } from '../scan/result.js';
import type { Detection } from '../detect/detect.js';
import type { StoredInspection } from '../ports/scan-store.js';
import type { BlobReference } from './order.js';
import { stageOfState } from './progress.js';
import { factsOf } from './result-facts.js';
import { parseTaskId } from './task-id.js';
import type { Outcome, Stage, TaskResult } from './task.js';

/** Where a scan stands inside a transaction that moves it. */
export interface Standing {
  readonly state: ScanState;
  readonly inspected?: StoredInspection | undefined;
  readonly detection?: Detection | undefined;
  /** Set when the transaction itself reached the verdict. */
  readonly judged?: StoredVerdict | undefined;
}

export function standingOf({ state, inspected, detection }: LockedScan): Standing {
  return { state, inspected, detection };
}

/**
 * Takes the scan as far as its results go, with what the embedded scanner does after the same steps: merge and detect after
 * the last shard, judge after the last confirmation. Stops at a stage that is not planned or lacks results.
 *
 * @throws ScanError `internal` when results cannot be merged.
 */
export async function advance(scan: LockedScan, from: Standing, nullTables?: NullTables): Promise<Standing> {
  let standing = from;
  for (;;) {
    const stage = stageOfState[standing.state];
    if (stage === undefined) return standing;
    const tasks = await scan.tasks(stage);
    if (tasks.length === 0 || tasks.some(({ done }) => !done)) return standing;
    const results = await scan.results(stage);
    const failure = results.find(({ outcome }) => outcome.kind === 'failure')?.outcome;
    standing =
      failure?.kind === 'failure'
        ? await conclude(scan, standing, failure.reason)
        : await step(scan, standing, stage, results, nullTables);
  }
}

/** The verdict `inconclusive` for a reason from outside detection. */
export async function conclude(scan: LockedScan, standing: Standing, reason: Reason): Promise<Standing> {
  const result = inconclusiveResult(await factsOf(scan, standing.inspected), reason);
  return keep(scan, standing, { result, pictures: [] });
}

async function step(
  scan: LockedScan,
  standing: Standing,
  stage: Stage,
  results: readonly TaskResult[],
  nullTables: NullTables | undefined,
): Promise<Standing> {
  if (stage === 'inspect') {
    const { engine, seconds, outcome } = results[0]!;
    const { inspection, images } = only([outcome], 'inspection')[0]!;
    const inspected = { inspection, images, engine, seconds };
    await scan.setInspected(inspected);
    return { ...standing, state: 'inspected', inspected };
  }
  if (stage === 'confirm') return judgeScan(scan, standing, results);
  const features = merged(results);
  const { inspection, images } = standing.inspected!;
  const found = attempt(() => detect(scan.order.settings.profile, features, { ...inspection, ...images }, nullTables));
  if ('reason' in found) return conclude(scan, standing, found.reason);
  const detection = found.value;
  await scan.setDetection(detection);
  const detected: Standing = { ...standing, state: 'detected', detection };
  return detection.candidates.length === 0 ? judgeScan(scan, detected, []) : detected;
}

async function judgeScan(scan: LockedScan, standing: Standing, results: readonly TaskResult[]): Promise<Standing> {
  const shown = only(
    results.map(({ outcome }) => outcome),
    'evidence',
  );
  const evidence: EvidenceSummary[] = shown.map((outcome) => outcome.evidence);
  const pictures: { classIndex: number; blob: BlobReference }[] = shown.map((outcome) => ({
    classIndex: outcome.evidence.classIndex,
    blob: outcome.pictures,
  }));
  const judgement = attempt(() => judge(scan.order.settings.profile, standing.detection!, evidence));
  if ('reason' in judgement) return conclude(scan, standing, judgement.reason);
  const result = judgedResult(await factsOf(scan, standing.inspected), judgement.value, []);
  return keep(scan, standing, { result, pictures });
}

async function keep(scan: LockedScan, standing: Standing, judged: StoredVerdict): Promise<Standing> {
  await scan.setVerdict(judged);
  return { ...standing, state: 'judged', judged };
}

function merged(results: readonly TaskResult[]) {
  const shards = results.map(({ taskId }) => {
    const work = parseTaskId(taskId)?.work;
    if (work?.stage !== 'saliency') throw new ScanError('internal', `task ${taskId} is no shard`);
    return work.shard;
  });
  const features = only(
    results.map(({ outcome }) => outcome),
    'features',
  ).map((outcome) => outcome.features);
  const merge = mergeShards(shards, features);
  if (!merge.complete) throw new ScanError('internal', `no result for ${merge.missing.map(({ id }) => id).join(', ')}`);
  return merge.features;
}

function only<K extends Outcome['kind']>(outcomes: readonly Outcome[], kind: K): Extract<Outcome, { kind: K }>[] {
  return outcomes.map((outcome) => {
    if (outcome.kind !== kind) throw new ScanError('internal', `a result of the kind ${outcome.kind}, not ${kind}`);
    return outcome as Extract<Outcome, { kind: K }>;
  });
}

/** What detection and judgement refuse is an outcome of the scan, as in the embedded scanner. */
function attempt<T>(work: () => T): { readonly value: T } | { readonly reason: Reason } {
  try {
    return { value: work() };
  } catch (thrown) {
    return { reason: reasonOf(thrown) };
  }
}
