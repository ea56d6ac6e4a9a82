import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { openPgliteScanStore } from '../../../../adapters/stores/scans/pglite.js';
import { backdoored, newOrder } from '../../../contract/scan-store/samples.js';
import { locked } from '../../../contract/scan-store/stores.js';

it('finds the scans of the last run in its folder', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'neuroninspect-pglite-'));
  const order = newOrder();
  const first = await openPgliteScanStore({ dir });
  await first.register(order);
  await locked(first, order.scanId, (scan) => scan.setVerdict(backdoored));
  await first.close();
  await assert.rejects(first.verdict(order.scanId), { code: 'storage-failed' });
  await assert.rejects(
    first.locked(order.scanId, () => Promise.resolve()),
    { code: 'storage-failed' },
  );

  const second = await openPgliteScanStore({ dir });
  assert.deepEqual(await second.verdict(order.scanId), backdoored);
  await second.close();
  await rm(dir, { recursive: true });
});
