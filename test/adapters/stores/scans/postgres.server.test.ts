import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openPostgresDatabase, openPostgresScanStore } from '../../../../adapters/stores/scans/postgres.js';
import { createScanStore } from '../../../../adapters/stores/scans/store.js';
import type { ScanStore } from '../../../../core/ports/scan-store.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { runScanStoreContract } from '../../../contract/scan-store.js';
import { inspected, newId, newOrder } from '../../../contract/scan-store/samples.js';
import { impatient, locked, type ScanStores } from '../../../contract/scan-store/stores.js';
import { testServers } from '../../../support/servers.js';
import { createOwnDatabase, type OwnDatabase } from './own-database.js';
import { storesOver } from './stores-over.js';

let own: OwnDatabase;
let stores: ScanStores;

before(async () => {
  own = await createOwnDatabase(testServers().postgres.url);
  const { url } = own;
  const database = await openPostgresDatabase({ url });
  const other = await openPostgresScanStore({ url, maxConnections: 4, notices: impatient });
  stores = storesOver(database, createScanStore(database, impatient), other);
});
after(async () => {
  await stores.store.close();
  await stores.other.close();
  await own.drop();
});

runScanStoreContract('PostgreSQL', () => stores);

describe('scan store on PostgreSQL', () => {
  it('is migrated once by ten services that start at the same time', async () => {
    const fresh = await createOwnDatabase(testServers().postgres.url);
    const opened = await Promise.all(Array.from({ length: 10 }, () => openPostgresScanStore({ url: fresh.url })));
    const order = newOrder();
    await Promise.all(opened.map((store) => store.register(order)));
    assert.equal((await opened[0]!.page({ limit: 10 })).length, 1);
    const versions = await fresh.run('select version::integer from neuroninspect.migrations order by version');
    assert.deepEqual(versions, [{ version: 0 }, { version: 1 }]);
    await Promise.all(opened.map((store) => store.close()));
    await fresh.drop();
  });

  it('delivers each notice once by two relays, when nothing crashes', async () => {
    const { url } = own;
    const [store, other] = await Promise.all([openPostgresScanStore({ url }), openPostgresScanStore({ url })]);
    // Several calls at a time make both look for notices at the same moment.
    const relays = Array.from({ length: 6 }, () => [store, other]).flat();
    await deliverAll([store], () => Promise.resolve());
    const orders = Array.from({ length: 100 }, () => newOrder());
    for (const order of orders) {
      await store.register(order);
      await locked(store, order.scanId, async (scan) => {
        await scan.notify('inspected');
        await scan.notify('judged');
      });
    }
    const seen: string[] = [];
    const count = await deliverAll(relays, ({ scanId, state }) => {
      seen.push(`${scanId} ${state}`);
      return pause(1);
    });
    assert.equal(count, 200);
    const expected = orders.flatMap(({ scanId }) => [`${scanId} inspected`, `${scanId} judged`]);
    assert.deepEqual(seen.sort(), expected.sort());
    await store.close();
    await other.close();
  });

  it('does not let one busy scan take all connections', async () => {
    const store = await openPostgresScanStore({ url: own.url, maxConnections: 2 });
    const [busy, quiet] = [newOrder(), newOrder()];
    await store.register(busy);
    await store.register(quiet);
    let finish = (): void => undefined;
    const held = new Promise<void>((resolve) => (finish = resolve));
    const holders = Array.from({ length: 5 }, () => locked(store, busy.scanId, () => held));
    await locked(store, quiet.scanId, (scan) => scan.setLane('fleet'));
    finish();
    await Promise.all(holders);
    await store.close();
  });

  it('loses the connection in the middle of a transaction without harm', async () => {
    const { store } = stores;
    const order = newOrder();
    await store.register(order);
    await assert.rejects(
      store.locked(order.scanId, async (scan) => {
        await scan.setInspected(inspected);
        await scan.tasks('inspect');
        await own.run(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
        );
        await scan.tasks('inspect');
      }),
      isPassing,
    );
    // Connections that lay idle broke too; a call that gets one of them says so, and the next one has another.
    for (let again = true; again;) {
      again = false;
      await locked(store, order.scanId, (scan) => Promise.resolve(scan.inspected)).then(
        (stored) => {
          assert.equal(stored, undefined);
        },
        (error: unknown) => {
          again = isPassing(error);
        },
      );
    }
  });

  it('keeps nothing of a transaction with a statement that failed, even if the failure was overlooked', async () => {
    const { store } = stores;
    const order = newOrder();
    await store.register(order);
    await assert.rejects(
      store.locked(order.scanId, async (scan) => {
        await scan.addTasks('inspect', ['a']);
        // PostgreSQL's text has no NUL.
        await scan.addTasks('inspect', ['\u0000']).catch(() => undefined);
      }),
      { name: 'ScanError', code: 'internal' },
    );
    assert.deepEqual(await locked(store, order.scanId, (scan) => scan.tasks('inspect')), []);
  });

  it('says when nobody listens, and when the database is not there', async () => {
    const absent = openPostgresScanStore({ url: 'postgres://postgres@127.0.0.1:1/postgres' });
    await assert.rejects(absent, isPassing);
    const url = new URL(own.url);
    url.pathname = `/absent_${newId()}`;
    await assert.rejects(openPostgresScanStore({ url: url.href }), (error) => {
      assert.ok(error instanceof ScanError && error.code === 'storage-failed' && !error.retryable, String(error));
      assert.match(error.message, /does not exist.*database URL/);
      return true;
    });
  });
});

async function deliverAll(relays: readonly ScanStore[], deliver: Parameters<ScanStore['deliverNotices']>[1]) {
  let delivered = 0;
  while ((await relays[0]!.waitingNotices()).count > 0) {
    const counts = await Promise.all(relays.map((relay) => relay.deliverNotices(20, deliver)));
    delivered += counts.reduce((sum, count) => sum + count, 0);
  }
  return delivered;
}

function isPassing(error: unknown): boolean {
  assert.ok(error instanceof ScanError, String(error));
  assert.equal(error.code, 'storage-failed', error.message);
  assert.equal(error.retryable, true);
  return true;
}
