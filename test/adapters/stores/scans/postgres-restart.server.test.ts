import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openPostgresScanStore } from '../../../../adapters/stores/scans/postgres.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { newOrder } from '../../../contract/scan-store/samples.js';
import { locked } from '../../../contract/scan-store/stores.js';
import { startPostgres, type Server } from '../../../support/servers.js';

let server: Server | undefined;
let dir: string | undefined;
after(async () => {
  await server?.stop();
  if (dir !== undefined) await rm(dir, { recursive: true, force: true });
});

it('survives a database server that is killed and started again while scans are recorded', async () => {
  dir = await mkdtemp(join(tmpdir(), 'neuroninspect-postgres-'));
  server = await startPostgres({ dir });
  const store = await openPostgresScanStore({ url: server.url, maxConnections: 4 });
  const orders = Array.from({ length: 4 }, () => newOrder());
  for (const order of orders) await store.register(order);

  let running = true;
  let failures = 0;
  const kept = new Map<string, string[]>(orders.map(({ scanId }) => [scanId, []]));
  const record = async (scanId: string, worker: string) => {
    for (let number = 0; running; number++) {
      const task = `${worker}-${number}`;
      try {
        await locked(store, scanId, (scan) => scan.addTasks('saliency', [task]));
        kept.get(scanId)!.push(task);
      } catch (error) {
        assert.ok(error instanceof ScanError && error.code === 'storage-failed' && error.retryable, String(error));
        failures += 1;
        await pause(20);
      }
    }
  };
  const workers = orders.flatMap(({ scanId }) => ['a', 'b'].map((worker) => record(scanId, worker)));
  const total = () => [...kept.values()].reduce((sum, tasks) => sum + tasks.length, 0);
  const reaches = async (condition: () => boolean) => {
    while (!condition()) await Promise.race([pause(10), ...workers]);
  };

  await reaches(() => total() > 20);
  await server.kill();
  await reaches(() => failures > 8);
  await assert.rejects(store.waitingNotices(), { code: 'storage-failed' });
  server = await startPostgres({ dir, port: server.port });
  const before = total();
  await reaches(() => total() > before + 20);
  running = false;
  await Promise.all(workers);

  for (const [scanId, tasks] of kept) {
    const stored = await locked(store, scanId, (scan) => scan.tasks('saliency'));
    const ids = new Set(stored.map(({ id }) => id));
    assert.deepEqual(
      tasks.filter((task) => !ids.has(task)),
      [],
      'what was said to be kept is kept',
    );
  }
  await store.close();
});
