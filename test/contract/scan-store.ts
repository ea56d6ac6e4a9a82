import { describe, it } from 'node:test';
import { keepingResults } from './scan-store/keeping-results.js';
import { keepingScans } from './scan-store/keeping-scans.js';
import { deliveringNotices } from './scan-store/delivering-notices.js';
import type { Check, ScanStores } from './scan-store/stores.js';

/**
 * What the pipeline relies on, whichever database keeps the scans. The stores are shared by all checks, because a database
 * is slow to start.
 */
export function runScanStoreContract(name: string, stores: () => ScanStores): void {
  const groups: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
    'keeps scans': keepingScans,
    'keeps results': keepingResults,
    'delivers notices': deliveringNotices,
  };
  for (const [group, checks] of Object.entries(groups)) {
    describe(`scan store contract: ${name} ${group}`, () => {
      for (const [title, check] of Object.entries(checks)) it(title, async () => check(stores()));
    });
  }
}
