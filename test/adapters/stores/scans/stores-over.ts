import type { Database } from '../../../../adapters/stores/scans/sql.js';
import type { ScanStore } from '../../../../core/ports/scan-store.js';
import type { ScanStores } from '../../../contract/scan-store/stores.js';

/** What the contract suite needs. */
export function storesOver(database: Database, store: ScanStore, other: ScanStore): ScanStores {
  return {
    store,
    other,
    async history(scanId) {
      const rows = await database.query(
        {
          name: 'history',
          text: 'select verdict from neuroninspect.verdict_history where scan_id = $1 order by id',
        },
        [scanId],
      );
      return rows.map(({ verdict }) => verdict as string);
    },
  };
}
