import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TaskResult } from '../../../core/pipeline/task.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import { evidenceOf, failureOf, featuresOf, inspectionOf, newId, newOrder } from './samples.js';
import { locked, type Check } from './stores.js';

export const keepingResults: Readonly<Record<string, Check>> = {
  'gives back results of every kind': async ({ store, other }) => {
    const scanId = await registered(store);
    const saliency = [featuresOf(scanId, 2, special()), featuresOf(scanId, 0, new Float32Array(8).fill(0.1))];
    const confirm = [evidenceOf(scanId, 3), failureOf(scanId, { stage: 'confirm', classIndex: 1 })];
    const inspect = [inspectionOf(scanId)];
    await locked(store, scanId, async (scan) => {
      await scan.addTasks('inspect', ids(inspect));
      await scan.addTasks('saliency', ids(saliency));
      await scan.addTasks('confirm', ids(confirm));
      for (const result of [...confirm, ...saliency, ...inspect]) assert.equal(await scan.addResult(result), true);
    });
    await locked(other, scanId, async (scan) => {
      assert.deepEqual(defined(await scan.results('inspect')), defined(inspect));
      assert.deepEqual(await scan.results('saliency'), saliency);
      assert.deepEqual(await scan.results('confirm'), confirm);
    });
  },

  'keeps every bit of a feature': async ({ store }) => {
    const scanId = await registered(store);
    let first = 0;
    await fc.assert(
      fc.asyncProperty(fc.uint32Array({ minLength: 8, maxLength: 8 }), async (bits) => {
        const result = featuresOf(scanId, (first += 2), new Float32Array(Uint32Array.from(bits).buffer));
        const stored = await locked(store, scanId, async (scan) => {
          await scan.addTasks('saliency', [result.taskId]);
          await scan.addResult(result);
          return (await scan.results('saliency')).at(-1);
        });
        assert.ok(stored?.outcome.kind === 'features');
        const values = stored.outcome.features.values.get('rectified.gain')!;
        assert.deepEqual(new Uint32Array(values.buffer, values.byteOffset, values.length), Uint32Array.from(bits));
      }),
      { numRuns: 20 },
    );
  },

  'keeps the first result of a task, whoever sends more': async ({ store, other }) => {
    const scanId = await registered(store);
    const first = featuresOf(scanId, 0, new Float32Array(8).fill(1));
    const second = { ...featuresOf(scanId, 0, new Float32Array(8).fill(2)), worker: 'worker-2' };
    await locked(store, scanId, (scan) => scan.addTasks('saliency', ids([first])));
    assert.equal(await locked(store, scanId, (scan) => scan.addResult(first)), true);
    for (const again of [second, first]) {
      assert.equal(await locked(other, scanId, (scan) => scan.addResult(again)), false);
    }
    assert.deepEqual(await locked(store, scanId, (scan) => scan.results('saliency')), [first]);
  },

  'takes a result before its task is planned': async ({ store }) => {
    const scanId = await registered(store);
    const result = inspectionOf(scanId);
    await locked(store, scanId, async (scan) => {
      assert.equal(await scan.addResult(result), true);
      assert.deepEqual(await scan.results('inspect'), []);
    });
    await locked(store, scanId, async (scan) => {
      await scan.addTasks('inspect', ids([result]));
      assert.deepEqual(await scan.tasks('inspect'), [{ id: result.taskId, done: true }]);
      assert.equal((await scan.results('inspect')).length, 1);
    });
  },

  'lists tasks and results by stage in the order in which the tasks were added': async ({ store }) => {
    const scanId = await registered(store);
    const results = [8, 0, 4, 2].map((first) => featuresOf(scanId, first, new Float32Array(8).fill(first)));
    const [a, b, c, d] = ids(results) as [string, string, string, string];
    await locked(store, scanId, async (scan) => {
      await scan.addTasks('saliency', [a, b]);
      await scan.addTasks('saliency', []);
      await scan.addTasks('confirm', [`${scanId}/confirm-1`]);
    });
    await locked(store, scanId, async (scan) => {
      await scan.addTasks('saliency', [c, b, a, d]);
      for (const result of [...results].reverse().slice(0, 3)) await scan.addResult(result);
      assert.deepEqual(await scan.tasks('saliency'), [
        { id: a, done: false },
        { id: b, done: true },
        { id: c, done: true },
        { id: d, done: true },
      ]);
      assert.deepEqual(await scan.results('saliency'), results.slice(1));
    });
  },

  'does not mix the scans': async ({ store }) => {
    const [one, two] = [await registered(store), await registered(store)];
    await locked(store, one, async (scan) => {
      await assert.rejects(scan.addResult(inspectionOf(two)), { code: 'internal' });
    });
    await locked(store, two, async (scan) => {
      assert.equal(await scan.addResult(inspectionOf(two)), true);
    });
  },

  'holds a scan of a thousand tasks': async ({ store }) => {
    const scanId = await registered(store);
    const planned = Array.from({ length: 1000 }, () => newId());
    await locked(store, scanId, (scan) => scan.addTasks('saliency', planned));
    assert.deepEqual(
      await locked(store, scanId, (scan) => scan.tasks('saliency')),
      planned.map((id) => ({ id, done: false })),
    );
  },
};

async function registered(store: ScanStore): Promise<string> {
  const order = newOrder();
  await store.register(order);
  return order.scanId;
}

function ids(results: readonly TaskResult[]): string[] {
  return results.map(({ taskId }) => taskId);
}

function special(): Float32Array {
  return Float32Array.of(NaN, -0, Infinity, -Infinity, 1e-45, 3.4028235e38, 0.1, 0);
}

/** As JSON has it: undefined members are absent. */
function defined(results: readonly TaskResult[]): unknown {
  return JSON.parse(JSON.stringify(results));
}
