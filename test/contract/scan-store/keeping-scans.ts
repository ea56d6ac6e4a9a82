import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { KnownScan, ScanStore } from '../../../core/ports/scan-store.js';
import { profileHash } from '../../../core/scan/scan-id.js';
import { backdoored, detection, failureOf, featuresOf, inconclusive, inspected, newId, newOrder } from './samples.js';
import { locked, type Check } from './stores.js';

export const keepingScans: Readonly<Record<string, Check>> = {
  'does not call the work on a scan that was never registered': async ({ store }) => {
    assert.equal(await store.locked(newId(), () => Promise.resolve('called')), undefined);
    assert.equal(await store.verdict(newId()), undefined);
  },

  'knows a scan once, as it was registered first': async ({ store, other }) => {
    const order = newOrder();
    await store.register(order);
    await Promise.all(
      [store, other].map((one) =>
        one.register({ ...order, lane: 'fleet', limits: { maxModelBytes: 1, maxRunBytes: 1 } }),
      ),
    );
    await locked(other, order.scanId, (scan) => {
      assert.deepEqual(scan.order, order);
      assert.equal(scan.lane, 'gate');
      assert.equal(scan.state, 'registered');
      assert.equal(scan.profileHash, hashOf(order.settings));
      assert.deepEqual([scan.inspected, scan.detection, scan.verdict], [undefined, undefined, undefined]);
      assert.ok(scan.age >= 0 && scan.age < 600, `${scan.age} s`);
      return Promise.resolve();
    });
  },

  'gives back inspection, detection and verdict as they were, NaN and -0 included': async ({ store, other }) => {
    const { scanId } = await registered(store);
    await locked(store, scanId, async (scan) => {
      await scan.setInspected(inspected);
      assert.equal(scan.state, 'inspected');
      await scan.setDetection(detection);
      assert.equal(scan.state, 'detected');
      assert.deepEqual(scan.detection, detection);
      await scan.setVerdict(backdoored);
      assert.equal(scan.state, 'judged');
      await scan.setLane('fleet');
    });
    await locked(other, scanId, (scan) => {
      assert.deepEqual(scan.inspected, inspected);
      assert.deepEqual(scan.detection, detection);
      assert.deepEqual(scan.verdict, backdoored);
      assert.equal(scan.state, 'judged');
      assert.equal(scan.lane, 'fleet');
      assert.equal(scan.order.lane, 'gate');
      return Promise.resolve();
    });
    assert.deepEqual(await other.verdict(scanId), backdoored);
  },

  'forgets all that was done when the work rejects': async ({ store, history }) => {
    const { scanId } = await registered(store);
    await locked(store, scanId, (scan) => scan.setVerdict(inconclusive));
    const before = await store.waitingNotices();
    const failure = new Error('the reducer was wrong');
    await assert.rejects(
      store.locked(scanId, async (scan) => {
        await scan.addTasks('inspect', [`${scanId}/inspect`]);
        await scan.addResult(failureOf(scanId, { stage: 'inspect' }));
        await scan.setInspected(inspected);
        await scan.setDetection(detection);
        await scan.setVerdict(backdoored);
        await scan.setLane('fleet');
        await scan.notify('judged');
        throw failure;
      }),
      failure,
    );
    assert.deepEqual(await history(scanId), []);
    assert.equal((await store.waitingNotices()).count, before.count);
    await locked(store, scanId, async (scan) => {
      assert.deepEqual([scan.inspected, scan.detection, scan.lane], [undefined, undefined, 'gate']);
      assert.deepEqual(scan.verdict, inconclusive);
      assert.deepEqual(await scan.tasks('inspect'), []);
      assert.ok(await scan.addResult(failureOf(scanId, { stage: 'inspect' })), 'the first result');
    });
  },

  'refuses what comes after the end of the work, when somebody else may hold the scan': async ({ store }) => {
    const { scanId } = await registered(store);
    const late = await locked(store, scanId, (scan) => Promise.resolve(scan));
    await assert.rejects(late.addTasks('inspect', ['late']), { code: 'internal' });
    await locked(store, scanId, async (scan) => {
      assert.deepEqual(await scan.tasks('inspect'), []);
    });
  },

  'lets one at a time have a scan, with 50 at it in two processes': async ({ store, other }) => {
    const { scanId } = await registered(store);
    let holders = 0;
    await Promise.all(
      Array.from({ length: 50 }, (_, worker) =>
        locked(worker % 2 === 0 ? store : other, scanId, async (scan) => {
          holders += 1;
          assert.equal(holders, 1);
          const tasks = await scan.tasks('saliency');
          await scan.addTasks('saliency', [`task-${tasks.length}`]);
          assert.equal(holders, 1);
          holders -= 1;
        }),
      ),
    );
    const tasks = await locked(store, scanId, (scan) => scan.tasks('saliency'));
    assert.deepEqual(
      tasks.map(({ id }) => id),
      Array.from({ length: 50 }, (_, index) => `task-${index}`),
    );
  },

  'reopens: the verdict is history, failures are gone, everything else stays': async ({ store, history }) => {
    const { scanId } = await registered(store);
    const good = featuresOf(scanId, 0, new Float32Array(8));
    const bad = failureOf(scanId, { stage: 'confirm', classIndex: 3 });
    let openedAt = 0;
    await locked(store, scanId, async (scan) => {
      await scan.addTasks('saliency', [good.taskId]);
      await scan.addTasks('confirm', [bad.taskId]);
      await scan.setInspected(inspected);
      await scan.setDetection(detection);
      await scan.addResult(good);
      await scan.addResult(bad);
      await scan.setVerdict(inconclusive);
    });
    await locked(store, scanId, async (scan) => {
      const before = scan.age;
      openedAt = scan.openedAt;
      assert.ok(Math.abs(Date.now() - openedAt) < 3_600_000, 'milliseconds since the epoch');
      await scan.reopen();
      assert.ok(scan.openedAt > openedAt);
      openedAt = scan.openedAt;
      assert.equal(scan.state, 'detected');
      assert.equal(scan.verdict, undefined);
      assert.ok(scan.age <= before);
    });
    assert.equal(await store.verdict(scanId), undefined);
    assert.deepEqual(await history(scanId), ['inconclusive']);
    await locked(store, scanId, async (scan) => {
      assert.equal(scan.state, 'detected');
      assert.equal(scan.openedAt, openedAt);
      assert.deepEqual(scan.inspected, inspected);
      assert.deepEqual(scan.detection, detection);
      assert.deepEqual(await scan.tasks('saliency'), [{ id: good.taskId, done: true }]);
      assert.deepEqual(await scan.tasks('confirm'), [{ id: bad.taskId, done: false }]);
      assert.deepEqual(await scan.results('saliency'), [good]);
      await scan.setVerdict(backdoored);
    });
    assert.deepEqual(await store.verdict(scanId), backdoored);
    assert.deepEqual(await history(scanId), ['inconclusive']);
  },

  'goes back to the state that the results allow': async ({ store }) => {
    for (const [state, prepare] of [
      ['registered', []],
      ['inspected', ['setInspected']],
    ] as const) {
      const { scanId } = await registered(store);
      await locked(store, scanId, async (scan) => {
        for (const call of prepare) await scan[call](inspected);
        await scan.setVerdict(inconclusive);
      });
      await locked(store, scanId, (scan) => scan.reopen());
      assert.equal(await locked(store, scanId, (scan) => Promise.resolve(scan.state)), state);
    }
  },

  'keeps a verdict that is replaced as history': async ({ store, history }) => {
    const { scanId } = await registered(store);
    await locked(store, scanId, (scan) => scan.setVerdict(inconclusive));
    await locked(store, scanId, (scan) => scan.setVerdict(backdoored));
    assert.deepEqual(await store.verdict(scanId), backdoored);
    assert.deepEqual(await history(scanId), ['inconclusive']);
  },

  'pages through the scans of a profile in the order of their ids': async ({ store }) => {
    const family = newId();
    const orders = Array.from({ length: 7 }, (_, index) => newOrder({ family, name: `model-${index}` }));
    for (const order of orders) await store.register(order);
    await store.register(newOrder({ family: newId() }));
    const judged = orders[2]!.scanId;
    await locked(store, judged, (scan) => scan.setVerdict(backdoored));

    const seen: KnownScan[] = [];
    for (;;) {
      const after = seen.at(-1)?.order.scanId;
      const page = await store.page({ after, limit: 3, profileHash: hashOf(orders[0]!.settings) });
      assert.ok(page.length <= 3);
      if (page.length === 0) break;
      seen.push(...page);
    }
    const expected = orders
      .map((order) => ({
        order,
        state: order.scanId === judged ? 'judged' : 'registered',
        verdict: order.scanId === judged ? 'backdoored' : undefined,
      }))
      .sort((a, b) => (a.order.scanId < b.order.scanId ? -1 : 1));
    assert.deepEqual(seen, expected);

    const all = await store.page({ limit: 1000 });
    const ids = all.map(({ order }) => order.scanId);
    assert.deepEqual(ids, [...ids].sort());
    for (const { scanId } of orders) assert.ok(ids.includes(scanId));
  },
};

async function registered(store: ScanStore) {
  const order = newOrder();
  await store.register(order);
  return order;
}

function hashOf(settings: Parameters<typeof profileHash>[1]): string {
  return profileHash((text) => createHash('sha256').update(text).digest('hex'), settings);
}
