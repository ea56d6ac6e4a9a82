import type { LockedScan, ScanState } from '../ports/scan-store.js';
import type { Stage } from './task.js';

/** Where a scan stands. */
export interface StageProgress {
  readonly state: ScanState;
  /** The stage whose tasks are waited for; undefined when judged. */
  readonly stage?: Stage | undefined;
  /** Tasks of the stage; 0 of 0 while it is not planned. */
  readonly done: number;
  readonly total: number;
}

/** What a scan in this state waits for. */
export const stageOfState = {
  registered: 'inspect',
  inspected: 'saliency',
  detected: 'confirm',
  judged: undefined,
} as const satisfies Record<ScanState, Stage | undefined>;

/** @param state where the transaction changed it since the scan was locked. */
export async function progressOf(scan: LockedScan, state: ScanState = scan.state): Promise<StageProgress> {
  const stage = stageOfState[state];
  if (stage === undefined) return { state, done: 0, total: 0 };
  const tasks = await scan.tasks(stage);
  return { state, stage, done: tasks.filter(({ done }) => done).length, total: tasks.length };
}
