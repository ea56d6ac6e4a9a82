import { candidatesOf } from '../../core/detect/detect.js';
import type { ScanOrder } from '../../core/pipeline/order.js';
import { planSaliency } from '../../core/pipeline/shard-plan.js';
import { taskId, type Task, type Work } from '../../core/pipeline/task.js';
import { mergeShards } from '../../core/plan/merge.js';
import type { Shard, ShardFeatures } from '../../core/scan/features.js';
import type { Answer, Execution } from './execute.js';

/** A task and what became of it. */
export interface Done {
  readonly task: Task;
  readonly execution: Execution;
}

export interface AheadOptions {
  /** Rejects where the task is better left to whoever is asked for it. */
  readonly run: (task: Task) => Promise<Execution>;
  /** Asked before each task: false where others wait for this slot, or the worker is to end. */
  readonly goOn: () => boolean;
}

/**
 * Computes what a scan that was just inspected will need next, while its model is open: the shard, where there is only one,
 * and the confirmations. So a small model's scan is one task: it is opened once, and the queue, the reducer and the workflow
 * have to do with it once. Several shards, and several candidates that somebody at a gate waits for, are left to several
 * workers.
 *
 * Stops at the first that fails or is left to others; never rejects for their sake.
 */
export async function computeAhead(
  inspect: Task,
  { computed }: Execution,
  { run, goOn }: AheadOptions,
): Promise<readonly Done[]> {
  if (computed.kind !== 'inspection') return [];
  const { order, lane } = inspect;
  const { inspection } = computed;
  const done: Done[] = [];
  const answerTo = async (work: Work): Promise<Answer | undefined> => {
    if (!goOn()) return undefined;
    const task: Task = { ...inspect, id: taskId(order.scanId, work), work };
    const execution = await run(task).catch(() => undefined);
    if (execution === undefined) return undefined;
    done.push({ task, execution });
    return execution.computed.kind === 'failure' ? undefined : execution.computed;
  };

  const plan = planSaliency(order, inspection);
  if (plan.length > 1) return done;
  const answer = await answerTo({ stage: 'saliency', shard: plan[0]! });
  if (answer?.kind !== 'features') return done;
  const candidates = candidatesFound(order, plan, answer.features, computed);
  if (candidates.length > 1 && lane === 'gate') return done;
  for (const classIndex of candidates) {
    if (!(await answerTo({ stage: 'confirm', classIndex }))) break;
  }
  return done;
}

/** None where detection refuses the features: the reducer, which detects again, says why. */
function candidatesFound(
  { settings }: ScanOrder,
  plan: readonly Shard[],
  features: ShardFeatures,
  { inspection, images: { labels, classNames } }: Extract<Answer, { kind: 'inspection' }>,
): readonly number[] {
  try {
    const merge = mergeShards(plan, [features]);
    return merge.complete ? candidatesOf(settings.profile, merge.features, { ...inspection, labels, classNames }) : [];
  } catch {
    return [];
  }
}
