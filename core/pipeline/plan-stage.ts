import type { NullTables } from '../detect/p-value.js';
import type { LockedScan, ScanStore } from '../ports/scan-store.js';
import { ScanError } from '../scan/errors.js';
import { advance, standingOf } from './advance.js';
import type { Lane } from './order.js';
import { planTasks } from './plan-tasks.js';
import { progressOf, type StageProgress } from './progress.js';
import { verdictOf, type ReachedVerdict } from './record-result.js';
import type { PlanHint } from './shard-plan.js';
import { parseTaskId } from './task-id.js';
import type { Stage, Task } from './task.js';

export interface PlanOptions extends PlanHint {
  readonly lane: Lane;
  /** How often the stage was sent before. */
  readonly round: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Seconds after which nobody waits for the tasks any more. */
  readonly ttl: number;
  readonly nullTables?: NullTables | undefined;
}

export interface PlannedStage {
  readonly progress: StageProgress;
  /** What has no result yet, to be sent. */
  readonly tasks: readonly Task[];
  /** Set when results that were there already led to the verdict. */
  readonly verdict?: ReachedVerdict | undefined;
}

/**
 * Plans the stage the scan is in, unless it is planned, and returns its tasks without a result. A stage whose results are
 * all there, for example since before the scan was opened again, is passed.
 *
 * @throws ScanError `storage-failed`; `internal` for a scan that was never registered.
 */
export async function planStage(store: ScanStore, scanId: string, options: PlanOptions): Promise<PlannedStage> {
  const planned = await store.locked(scanId, (scan) => plan(scan, options));
  if (planned === undefined) throw neverRegistered(scanId);
  return planned;
}

export function neverRegistered(scanId: string): ScanError {
  return new ScanError('internal', `scan ${scanId} was never registered`);
}

async function plan(scan: LockedScan, options: PlanOptions): Promise<PlannedStage> {
  const { state: before } = scan;
  if (before !== 'judged' && scan.lane !== options.lane) await scan.setLane(options.lane);
  let standing = standingOf(scan);
  for (;;) {
    await planTasks(scan, standing, options);
    const next = await advance(scan, standing, options.nullTables);
    if (next.state === standing.state) break;
    standing = next;
  }
  if (standing.state !== before) await scan.notify(standing.state);
  const progress = await progressOf(scan, standing.state);
  const tasks = progress.stage === undefined ? [] : await missingTasks(scan, progress.stage, options);
  return { progress, tasks, verdict: verdictOf(scan, standing) };
}

async function missingTasks(scan: LockedScan, stage: Stage, { lane, round, now, ttl }: PlanOptions): Promise<Task[]> {
  const missing = (await scan.tasks(stage)).filter(({ done }) => !done);
  // By whichever clock is ahead, so that no task looks older than the scan.
  const createdAt = Math.max(now, scan.openedAt);
  return missing.map(({ id }) => {
    const work = parseTaskId(id)?.work;
    if (work === undefined) throw new ScanError('internal', `scan ${scan.order.scanId}: ${id} is no task id`);
    return { id, order: scan.order, lane, round, createdAt, notAfter: createdAt + ttl * 1000, work };
  });
}
