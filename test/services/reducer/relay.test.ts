import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createMetrics } from '../../../adapters/metrics/registry.js';
import { openPgliteScanStore } from '../../../adapters/stores/scans/pglite.js';
import { registerScan } from '../../../core/pipeline/index.js';
import type { Notice, ScanState, ScanStore } from '../../../core/ports/scan-store.js';
import { createLogger } from '../../../services/common/logger.js';
import { startRelay, type RelayParts } from '../../../services/reducer/relay.js';
import { orderOf } from '../../core/pipeline/fake-worker.js';

let store: ScanStore;
before(async () => {
  store = await openPgliteScanStore({ notices: { lease: 5, pause: 0.01 } });
});
after(() => store.close());

test('what was put in before the start, after it and just before the end is delivered, in order', async () => {
  const delivered: Notice[] = [];
  const scanId = await notify('order', 'inspected');
  const relay = start({ deliver: (notice) => Promise.resolve(void delivered.push(notice)), everyMs: 3_600_000 });
  await notify('order', 'detected');
  relay.wake();
  await notify('order', 'judged');
  await relay.stop();
  assert.deepEqual(
    delivered,
    (['inspected', 'detected', 'judged'] as const).map((state) => ({ scanId, state })),
  );
  assert.equal((await store.waitingNotices()).count, 0);
});

test('a notice that fails comes again until it is delivered', async () => {
  await notify('again', 'judged');
  let tries = 0;
  const delivered = withResolvers<undefined>();
  const relay = start({
    everyMs: 5,
    deliver: () => {
      if (++tries < 3) return Promise.reject(new Error('temporal is away'));
      delivered.resolve(undefined);
      return Promise.resolve();
    },
  });
  await delivered.promise;
  await relay.stop();
  assert.equal(tries, 3);
  assert.equal((await store.waitingNotices()).count, 0);
});

test('a database that is away for a while does not end the relay', async () => {
  await notify('away', 'judged');
  let calls = 0;
  const delivered = withResolvers<Notice>();
  const relay = start({
    everyMs: 5,
    store: {
      deliverNotices: (limit, deliver) =>
        ++calls < 3 ? Promise.reject(new Error('no answer')) : store.deliverNotices(limit, deliver),
    },
    deliver: (notice) => {
      delivered.resolve(notice);
      return Promise.resolve();
    },
  });
  assert.equal((await delivered.promise).state, 'judged');
  await relay.stop();
});

async function notify(seed: string, state: ScanState): Promise<string> {
  const order = orderOf({ seed });
  await registerScan(store, order);
  await store.locked(order.scanId, (scan) => scan.notify(state));
  return order.scanId;
}

function start(parts: Partial<RelayParts> & Pick<RelayParts, 'deliver'>) {
  const logger = createLogger({ service: 'test', destination: { write: () => undefined } });
  return startRelay({ store, metrics: createMetrics(), logger, ...parts });
}

function withResolvers<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => (resolve = done));
  return { promise, resolve };
}
