import type { NullTables } from '../detect/p-value.js';
import type { LockedScan, ScanState, ScanStore, StoredVerdict } from '../ports/scan-store.js';
import { ScanError } from '../scan/errors.js';
import type { Reason, ScanResult } from '../scan/result.js';
import { advance, conclude, standingOf, type Standing } from './advance.js';
import { checkResult } from './check-result.js';
import { mayPass } from './may-pass.js';
import { planTasks } from './plan-tasks.js';
import type { Lane } from './order.js';
import { stageOfTask } from './task-id.js';
import type { Stage, TaskResult } from './task.js';

export interface Recorded {
  /**
   * - `first`: it counts.
   * - `duplicate`: another result of the task came first.
   * - `late`: the scan had its verdict already, or it is a failure from before the scan was opened again.
   * - `refused`: it does not fit the scan, or there is no such scan; nothing was stored.
   */
  readonly outcome: 'first' | 'duplicate' | 'late' | 'refused';
  readonly stage?: Stage | undefined;
  /** Set when the result was refused, or one of those that came with it. */
  readonly refusal?: Reason | undefined;
  /** What became of the results that came with it; fewer where one was refused, which ends them. */
  readonly ahead?: readonly Pick<Recorded, 'outcome' | 'stage'>[] | undefined;
  /** Set when this result took the scan further. */
  readonly reached?: ScanState | undefined;
  /** Set when this result led to the verdict: exactly one call of one process says so. */
  readonly verdict?: ReachedVerdict | undefined;
}

export interface ReachedVerdict {
  readonly result: ScanResult;
  readonly lane: Lane;
  /** Since the scan was registered or reopened. */
  readonly seconds: number;
}

/**
 * Keeps the result of a task and takes the scan as far as that allows, in one transaction: results may come in any order,
 * more than once, and to several reducers at a time.
 *
 * @throws ScanError `storage-failed`; nothing is stored then, and the call may be repeated.
 */
export async function recordResult(
  store: ScanStore,
  result: TaskResult,
  { nullTables }: { readonly nullTables: NullTables },
): Promise<Recorded> {
  const stage = stageOfTask(result.taskId);
  try {
    const recorded = await store.locked(result.scanId, (scan) => record(scan, result, nullTables));
    if (recorded !== undefined) return { ...recorded, stage };
    return { outcome: 'refused', stage, refusal: refusalOf(result, 'there is no such scan') };
  } catch (thrown) {
    // Thrown inside the transaction, so that nothing of it is kept.
    if (!(thrown instanceof ScanError) || thrown.code !== 'internal') throw thrown;
    return { outcome: 'refused', stage, refusal: { code: thrown.code, message: thrown.message } };
  }
}

/** The result of a task, then those computed ahead of it, as if each had been asked for. The workflow hears of the last state only. */
async function record(scan: LockedScan, { ahead = [], ...own }: TaskResult, nullTables: NullTables): Promise<Recorded> {
  const before = scan.state;
  const { outcome, ...first } = await recordOne(scan, standingOf(scan), own, nullTables);
  let { standing } = first;
  const others: Pick<Recorded, 'outcome' | 'stage'>[] = [];
  let refusal: Reason | undefined;
  for (const next of ahead) {
    if (standing.state === 'registered' || standing.state === 'judged') break;
    await planTasks(scan, standing);
    try {
      const recorded = await recordOne(scan, standing, next, nullTables);
      standing = recorded.standing;
      others.push({ outcome: recorded.outcome, stage: stageOfTask(next.taskId) });
    } catch (thrown) {
      // The task is asked for again, as if its result had not come.
      if (!(thrown instanceof ScanError) || thrown.code !== 'internal') throw thrown;
      refusal = { code: thrown.code, message: thrown.message };
      break;
    }
  }
  const recorded = { outcome, ...(refusal ? { refusal } : {}), ...(ahead.length > 0 ? { ahead: others } : {}) };
  if (standing.state === before) return recorded;
  await scan.notify(standing.state);
  return { ...recorded, reached: standing.state, verdict: verdictOf(scan, standing) };
}

interface RecordedOne {
  readonly outcome: Exclude<Recorded['outcome'], 'refused'>;
  readonly standing: Standing;
}

/** @throws ScanError `internal` for a result that does not fit; nothing of it was stored. */
async function recordOne(
  scan: LockedScan,
  standing: Standing,
  result: TaskResult,
  nullTables: NullTables,
): Promise<RecordedOne> {
  const { stage } = checkResult(scan.order, standing.inspected, result);
  if (standing.state === 'judged') {
    if (worthKeeping(scan.verdict!, result)) await scan.addResult(result);
    return { outcome: 'late', standing };
  }
  if (isStaleFailure(scan, result)) return { outcome: 'late', standing };
  const tasks = await scan.tasks(stage);
  const planned = tasks.some(({ id }) => id === result.taskId);
  if (tasks.length > 0 && !planned) {
    throw new ScanError('internal', refusalOf(result, 'the scan has no such task').message);
  }
  if (!(await scan.addResult(result))) return { outcome: 'duplicate', standing };
  if (result.outcome.kind === 'failure' && planned) {
    return { outcome: 'first', standing: await conclude(scan, standing, result.outcome.reason) };
  }
  const complete = tasks.every(({ id, done }) => done || id === result.taskId);
  return { outcome: 'first', standing: complete ? await advance(scan, standing, nullTables) : standing };
}

export function verdictOf({ lane, age }: LockedScan, { judged }: Standing): ReachedVerdict | undefined {
  return judged && { result: judged.result, lane, seconds: age };
}

/** What failed then is what the scan was opened again for: its task was sent once more. */
function isStaleFailure({ openedAt }: LockedScan, { createdAt, outcome }: TaskResult): boolean {
  return outcome.kind === 'failure' && createdAt !== undefined && createdAt < openedAt;
}

/** A scan that is opened again need not compute it again. */
function worthKeeping({ result: { reason } }: StoredVerdict, { outcome }: TaskResult): boolean {
  return outcome.kind !== 'failure' && reason !== undefined && mayPass(reason.code);
}

function refusalOf({ taskId }: TaskResult, why: string): Reason {
  return { code: 'internal', message: `result of task ${taskId} refused: ${why}` };
}
