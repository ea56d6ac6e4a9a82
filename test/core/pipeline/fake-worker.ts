import { createHash } from 'node:crypto';
import { openPgliteScanStore } from '../../../adapters/stores/scans/pglite.js';
import { parseExact, stringifyExact } from '../../../adapters/wire/json.js';
import { nullTables } from '../../../core/detect/p-value.js';
import type { Lane, ScanOrder } from '../../../core/pipeline/order.js';
import { planStage, type PlanOptions } from '../../../core/pipeline/plan-stage.js';
import { recordResult } from '../../../core/pipeline/record-result.js';
import { registerScan } from '../../../core/pipeline/register-scan.js';
import type { Outcome, Task, TaskResult } from '../../../core/pipeline/task.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import type { Shard, ShardFeatures } from '../../../core/scan/features.js';
import type { Profile } from '../../../core/scan/profile.js';
import type { Evidence, EvidenceSummary, ScanResult, TriggerSummary } from '../../../core/scan/result.js';
import { profileHash, scanId } from '../../../core/scan/scan-id.js';
import { scanModel } from '../../../core/scan/scan-model.js';
import { newRandom, seedOf } from '../../support/random.js';
import { fakeRunner, images, profile } from '../scan/fake-runner.js';

export const tables = nullTables();
export const planned = { lane: 'gate' as Lane, round: 0, now: 1_000_000, ttl: 600, shards: 6 };

/** A model of ten classes whose gains are noise, and those of the target stand out. */
export interface NoisyModel {
  readonly seed: string;
  readonly target?: number | undefined;
  /** Another file with the same numbers. */
  readonly copy?: number | undefined;
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function orderOf(model: NoisyModel, parts: { profile?: Profile; lane?: Lane } = {}): ScanOrder {
  const settings = { profile: parts.profile ?? profile, preprocessing: {}, selection: {} };
  const file = JSON.stringify(model);
  const digest = `sha256:${sha256(file)}`;
  const hash = profileHash(sha256, settings);
  const blob = { sha256: sha256(file), bytes: 5 };
  return {
    scanId: scanId(sha256, { modelDigest: digest, imagesDigest: images.digest, profileHash: hash }),
    model: { name: 'model.onnx', digest, format: 'onnx', files: [{ path: 'model.onnx', ...blob }] },
    images: { digest: images.digest, count: images.count, labelled: images.count, sha256: sha256('i'), bytes: 99 },
    settings,
    limits: { maxModelBytes: 1e9, maxRunBytes: 1e9 },
    lane: parts.lane ?? 'gate',
  };
}

/** What a worker answers to tasks about the model. */
export async function workerOf(model: NoisyModel, name = 'worker-1'): Promise<(task: Task) => Promise<TaskResult>> {
  const opened = await runnerOf(model).open({ ...orderOf(model).settings, path: '', images, limits: limits() });
  return async (task) => ({
    taskId: task.id,
    scanId: task.order.scanId,
    createdAt: task.createdAt,
    worker: name,
    seconds: 0.25,
    engine: opened.engine,
    outcome: await outcomeOf(task),
  });

  async function outcomeOf({ work }: Task): Promise<Outcome> {
    if (work.stage === 'inspect') {
      return { kind: 'inspection', inspection: opened.inspection, images: { labels: images.labels } };
    }
    if (work.stage === 'saliency') return { kind: 'features', features: await opened.runShard(work.shard) };
    const evidence = summaryOf(await opened.confirm(work.classIndex));
    return { kind: 'evidence', evidence, pictures: { sha256: sha256(`pictures ${work.classIndex}`), bytes: 7 } };
  }
}

/** The answer to the inspection, with those to all that follows from it. The scan has one shard. */
export async function allAtOnce(model: NoisyModel): Promise<TaskResult> {
  const answer = await workerOf(model);
  const scratch = await openPgliteScanStore();
  const results: TaskResult[] = [];
  try {
    const order = orderOf(model);
    await registerScan(scratch, order);
    const keep = async (task: Task): Promise<TaskResult> => {
      results.push(await answer(task));
      return results.at(-1)!;
    };
    await drive(scratch, order, keep, undefined, { ...planned, shards: 1 });
  } finally {
    await scratch.close();
  }
  const [own, ...ahead] = results as [TaskResult, ...TaskResult[]];
  return { ...own, ahead };
}

export function failed(task: Task, code: 'engine-crashed' | 'model-unsupported-op' = 'engine-crashed'): TaskResult {
  const reason = { code, message: 'model.onnx: three tries' };
  const { id: taskId, createdAt, order } = task;
  return { taskId, scanId: order.scanId, createdAt, worker: 'w', seconds: 1, outcome: { kind: 'failure', reason } };
}

/** Plans and answers, stage by stage, until there is a verdict or `until` says so. Returns how many shards were computed. */
export async function drive(
  store: ScanStore,
  order: ScanOrder,
  answer: (task: Task) => Promise<TaskResult>,
  until: (state: string) => boolean = () => false,
  plan: PlanOptions = planned,
): Promise<number> {
  let shards = 0;
  for (let round = 0; round < 10; round++) {
    const { progress, tasks } = await planStage(store, order.scanId, plan);
    if (progress.state === 'judged' || until(progress.state)) return shards;
    if (progress.stage === 'saliency') shards += tasks.length;
    for (const task of tasks) await recordResult(store, await answer(task), { nullTables: tables });
  }
  throw new Error('no verdict after ten rounds');
}

export function embedded(model: NoisyModel, by: Profile = profile): Promise<ScanResult> {
  const { model: reference, settings } = orderOf(model, { profile: by });
  return scanModel(
    {
      runner: runnerOf(model),
      sha256,
      clock: { now: () => 0, after: () => () => undefined },
      identify: () => Promise.resolve({ digest: reference.digest, bytes: 5, format: 'onnx' }),
      nullTables: tables,
    },
    { ...settings, path: 'model.onnx', images, limits: limits() },
  );
}

/** All of a result that may not depend on where it was computed. Members that are undefined do not survive being stored. */
export function essence(result: ScanResult): unknown {
  const engine = result.engine && { ...result.engine, workers: 0 };
  return parseExact(stringifyExact({ ...result, engine, evidence: [], timings: {} }));
}

function limits() {
  return { maxModelBytes: 1e9, maxRunBytes: 1e9 };
}

function runnerOf({ seed, target }: NoisyModel) {
  return fakeRunner({
    ...(target === undefined ? {} : { target }),
    runShard: (shard, compute) => Promise.resolve(noisy(seed, shard, compute())),
  }).runner;
}

function noisy(seed: string, shard: Shard, features: ShardFeatures): ShardFeatures {
  const columns = shard.images.end - shard.images.start;
  const values = [...features.values].map(([key, data]) => {
    const changed = data.map((value, i) => {
      const row = shard.classes.start + Math.floor(i / columns);
      const column = shard.images.start + (i % columns);
      return value * newRandom(seedOf(`${seed} ${key} ${row} ${column}`, 0)).uniform(0.9, 1.1);
    });
    return [key, changed] as const;
  });
  return { ...features, values: new Map(values) };
}

function summaryOf({ classIndex, trigger, probe }: Evidence): EvidenceSummary {
  const numbers = Object.entries(trigger).filter(([name]) => name !== 'mask' && name !== 'pattern');
  return { classIndex, trigger: Object.fromEntries(numbers) as unknown as TriggerSummary, probe };
}
