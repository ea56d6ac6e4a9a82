import type { ScanState, ScanStore } from '../ports/scan-store.js';
import { neverRegistered } from './plan-stage.js';
import { mayPass } from './may-pass.js';
import type { ScanOrder } from './order.js';
import { progressOf, type StageProgress } from './progress.js';

/**
 * Makes a scan known. One that is known goes on where it stands, and one whose verdict is `inconclusive` for a reason that
 * may pass is opened again: what was computed stays, what failed or is missing is computed.
 *
 * @throws ScanError `storage-failed`.
 */
export async function registerScan(store: ScanStore, order: ScanOrder): Promise<StageProgress> {
  await store.register(order);
  const progress = await store.locked(order.scanId, async (scan) => {
    const reason = scan.verdict?.result.reason;
    if (scan.state !== 'judged') {
      if (scan.lane !== order.lane) await scan.setLane(order.lane);
      return progressOf(scan);
    }
    if (reason === undefined || !mayPass(reason.code)) return progressOf(scan);
    const state: ScanState = scan.detection ? 'detected' : scan.inspected ? 'inspected' : 'registered';
    await scan.reopen();
    await scan.setLane(order.lane);
    return progressOf(scan, state);
  });
  if (progress === undefined) throw neverRegistered(order.scanId);
  return progress;
}
