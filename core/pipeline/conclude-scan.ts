import type { ScanStore } from '../ports/scan-store.js';
import type { Reason } from '../scan/result.js';
import { conclude, standingOf } from './advance.js';
import { neverRegistered } from './plan-stage.js';
import { progressOf, type StageProgress } from './progress.js';
import { verdictOf, type ReachedVerdict } from './record-result.js';

export interface Concluded {
  readonly progress: StageProgress;
  /** Set when this call gave the verdict. */
  readonly verdict?: ReachedVerdict | undefined;
}

/**
 * Ends a scan `inconclusive`, unless it has a verdict.
 * @throws ScanError `storage-failed`; `internal` for a scan that was never registered.
 */
export async function concludeScan(store: ScanStore, scanId: string, reason: Reason): Promise<Concluded> {
  const concluded = await store.locked(scanId, async (scan): Promise<Concluded> => {
    if (scan.state === 'judged') return { progress: await progressOf(scan) };
    const standing = await conclude(scan, standingOf(scan), reason);
    await scan.notify(standing.state);
    return { progress: await progressOf(scan, standing.state), verdict: verdictOf(scan, standing) };
  });
  if (concluded === undefined) throw neverRegistered(scanId);
  return concluded;
}
