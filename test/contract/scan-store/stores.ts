import assert from 'node:assert/strict';
import type { LockedScan, ScanStore } from '../../../core/ports/scan-store.js';

export interface ScanStores {
  readonly store: ScanStore;
  /** Another one over the same database, in the cluster that of another process. */
  readonly other: ScanStore;
  /** Verdicts that were replaced or reopened, the oldest first. */
  readonly history: (scanId: string) => Promise<readonly string[]>;
}

export type Check = (stores: ScanStores) => Promise<void>;

/** How the contract wants notices to behave, in seconds: short, so that nobody waits for long. */
export const impatient = { lease: 2, pause: 0.05 };

export async function locked<T>(store: ScanStore, scanId: string, work: (scan: LockedScan) => Promise<T>): Promise<T> {
  let called = false;
  const value = await store.locked(scanId, (scan) => {
    called = true;
    return work(scan);
  });
  assert.ok(called, `scan ${scanId} is not known`);
  return value!;
}
