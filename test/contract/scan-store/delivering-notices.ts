import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Notice, ScanState, ScanStore } from '../../../core/ports/scan-store.js';
import { newOrder } from './samples.js';
import { locked, type Check } from './stores.js';

export const deliveringNotices: Readonly<Record<string, Check>> = {
  'delivers the oldest first, up to the limit, and each once': async ({ store }) => {
    await drain(store);
    const scans = await notified(store, [['inspected'], ['inspected'], ['judged']]);
    const waiting = await store.waitingNotices();
    assert.equal(waiting.count, 3);
    assert.ok(waiting.oldestSeconds >= 0 && waiting.oldestSeconds < 600, `${waiting.oldestSeconds} s`);

    const seen: Notice[] = [];
    const collect = collector(seen);
    assert.equal(await store.deliverNotices(2, collect), 2);
    assert.deepEqual(seen, [
      { scanId: scans[0], state: 'inspected' },
      { scanId: scans[1], state: 'inspected' },
    ]);
    assert.equal((await store.waitingNotices()).count, 1);
    assert.equal(await store.deliverNotices(10, collect), 1);
    assert.deepEqual(seen[2], { scanId: scans[2], state: 'judged' });
    assert.equal(await store.deliverNotices(10, collect), 0);
    assert.deepEqual(await store.waitingNotices(), { count: 0, oldestSeconds: 0 });
  },

  'keeps the order within a scan': async ({ store, other }) => {
    await drain(store);
    const states: ScanState[] = ['registered', 'inspected', 'detected', 'judged'];
    const scans = await notified(
      store,
      Array.from({ length: 20 }, () => states),
    );
    const seen: Notice[] = [];
    const underWay = new Set<string>();
    let delivered = 0;
    while (delivered < 80) {
      const counts = await Promise.all(
        [store, other].map((relay) =>
          relay.deliverNotices(30, async (notice) => {
            assert.ok(!underWay.has(notice.scanId), 'two notices of one scan at a time');
            underWay.add(notice.scanId);
            await pause(1);
            seen.push(notice);
            underWay.delete(notice.scanId);
          }),
        ),
      );
      delivered += counts[0]! + counts[1]!;
    }
    for (const scanId of scans) {
      const own = seen.filter((notice) => notice.scanId === scanId).map(({ state }) => state);
      assert.deepEqual(own, states);
    }
  },

  'brings a rejected notice again and delivers those of other scans meanwhile': async ({ store }) => {
    await drain(store);
    const [bad, good] = (await notified(store, [['inspected', 'judged'], ['judged']])) as [string, string];
    const seen: Notice[] = [];
    let rejections = 0;
    const deliver = (notice: Notice) => {
      if (notice.scanId === bad && notice.state === 'inspected' && rejections < 3) {
        rejections += 1;
        return Promise.reject(new Error('no such workflow'));
      }
      seen.push(notice);
      return Promise.resolve();
    };
    assert.equal(await store.deliverNotices(10, deliver), 1);
    assert.deepEqual(seen, [{ scanId: good, state: 'judged' }]);
    assert.equal((await store.waitingNotices()).count, 2);

    while (seen.length < 3) {
      await store.deliverNotices(10, deliver);
      await pause(10);
    }
    assert.equal(rejections, 3);
    assert.deepEqual(seen.slice(1), [
      { scanId: bad, state: 'inspected' },
      { scanId: bad, state: 'judged' },
    ]);
  },

  'counts a delivery that throws at once as rejected': async ({ store }) => {
    await drain(store);
    await notified(store, [['judged']]);
    const thrown = () => {
      throw new Error('before any promise');
    };
    assert.equal(await store.deliverNotices(10, thrown), 0);
    assert.equal((await store.waitingNotices()).count, 1);
  },

  'delivers again what a process had taken that died before it was done': async ({ store, other }) => {
    await drain(store);
    const [scanId] = await notified(store, [['inspected', 'judged']]);
    let revive = (): void => undefined;
    const dead = new Promise<void>((resolve) => (revive = resolve));
    const taken = new Promise<Notice>((resolve) => {
      void store.deliverNotices(10, (notice) => {
        resolve(notice);
        return dead;
      });
    });
    assert.deepEqual(await taken, { scanId, state: 'inspected' });

    const seen: Notice[] = [];
    while (seen.length < 2) {
      await other.deliverNotices(10, collector(seen));
      await pause(10);
    }
    assert.deepEqual(seen, [
      { scanId, state: 'inspected' },
      { scanId, state: 'judged' },
    ]);
    revive();
  },

  'lets the receiver use the store': async ({ store }) => {
    await drain(store);
    await notified(store, [['judged']]);
    const states: ScanState[] = [];
    await store.deliverNotices(1, async ({ scanId }) => {
      states.push(await locked(store, scanId, (scan) => Promise.resolve(scan.state)));
    });
    assert.deepEqual(states, ['registered']);
  },
};

/** Registers a scan for each list of states and leaves a notice for each state. */
async function notified(store: ScanStore, lists: readonly (readonly ScanState[])[]): Promise<string[]> {
  const ids: string[] = [];
  for (const states of lists) {
    const order = newOrder();
    await store.register(order);
    await locked(store, order.scanId, async (scan) => {
      for (const state of states) await scan.notify(state);
    });
    ids.push(order.scanId);
  }
  return ids;
}

function collector(seen: Notice[]): (notice: Notice) => Promise<void> {
  return (notice) => {
    seen.push(notice);
    return Promise.resolve();
  };
}

async function drain(store: ScanStore): Promise<void> {
  while ((await store.waitingNotices()).count > 0) {
    await store.deliverNotices(1000, () => Promise.resolve());
    await pause(5);
  }
}
