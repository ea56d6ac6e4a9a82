import { concludeScan, progressOf } from '../../../core/pipeline/index.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { Reason } from '../../../core/scan/result.js';
import type { ScanProgress } from '../../../workflows/scan-model/contract.js';
import { countVerdict } from '../../common/count-verdict.js';
import type { ActivityParts } from './parts.js';

export async function conclude(
  { store, metrics }: ActivityParts,
  { order, reason }: { readonly order: ScanOrder; readonly reason: Reason },
): Promise<ScanProgress> {
  // The order may have been cancelled before its scan was acquired.
  await store.register(order);
  const { progress, verdict } = await concludeScan(store, order.scanId, reason);
  if (verdict) countVerdict(metrics, verdict);
  return progress;
}

export async function progress({ store }: ActivityParts, scanId: string): Promise<ScanProgress> {
  const standing = await store.locked(scanId, (scan) => progressOf(scan));
  if (!standing) throw new ScanError('internal', `scan ${scanId} was never registered`);
  return standing;
}
