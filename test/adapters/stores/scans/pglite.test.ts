import { after, before } from 'node:test';
import { openPgliteDatabase } from '../../../../adapters/stores/scans/pglite.js';
import { createScanStore } from '../../../../adapters/stores/scans/store.js';
import { runScanStoreContract } from '../../../contract/scan-store.js';
import { impatient, type ScanStores } from '../../../contract/scan-store/stores.js';
import { storesOver } from './stores-over.js';

let stores: ScanStores;

before(async () => {
  const database = await openPgliteDatabase({});
  const store = createScanStore(database, impatient);
  stores = storesOver(database, store, store);
});
after(() => stores.store.close());

runScanStoreContract('PGlite', () => stores);
