import type { LockedScan } from '../ports/scan-store.js';
import type { Standing } from './advance.js';
import { stageOfState } from './progress.js';
import { planSaliency, type PlanHint } from './shard-plan.js';
import { taskId, type Stage, type Work } from './task.js';

/** Adds the tasks of the stage the scan is in, unless it is planned. */
export async function planTasks(scan: LockedScan, standing: Standing, hint: PlanHint = {}): Promise<void> {
  const stage = stageOfState[standing.state];
  if (stage === undefined || (await scan.tasks(stage)).length > 0) return;
  const works = worksOf(stage, scan, standing, hint);
  await scan.addTasks(
    stage,
    works.map((work) => taskId(scan.order.scanId, work)),
  );
}

function worksOf(stage: Stage, { order }: LockedScan, { inspected, detection }: Standing, hint: PlanHint): Work[] {
  if (stage === 'inspect') return [{ stage }];
  if (stage === 'confirm') return detection!.candidates.map((classIndex) => ({ stage, classIndex }));
  return planSaliency(order, inspected!.inspection, hint).map((shard) => ({ stage, shard }));
}
