import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { openPgliteScanStore } from '../../../adapters/stores/scans/pglite.js';
import { planStage, recordResult, registerScan, type Recorded } from '../../../core/pipeline/index.js';
import type { TaskResult } from '../../../core/pipeline/task.js';
import type { Notice, ScanStore } from '../../../core/ports/scan-store.js';
import { allAtOnce, drive, embedded, essence, orderOf, planned, tables, workerOf } from './fake-worker.js';

let store: ScanStore;
let copies = 0;
before(async () => {
  store = await openPgliteScanStore();
});
after(() => store.close());

for (const target of [undefined, 7]) {
  test(`a model with ${target === undefined ? 'no backdoor' : 'a backdoor'} has the embedded scanner's result`, async () => {
    const model = { seed: 'clean 0', target };
    const order = orderOf(model);
    await registerScan(store, order);
    const shards = await drive(store, order, await workerOf(model));
    const { result, pictures } = (await store.verdict(order.scanId))!;
    const expected = await embedded(model);
    assert.equal(expected.verdict, target === undefined ? 'clean' : 'backdoored');
    assert.deepEqual(essence(result), essence(expected));
    assert.deepEqual(
      pictures.map(({ classIndex }) => classIndex),
      expected.evidence.map(({ classIndex }) => classIndex),
    );
    assert.deepEqual(result.evidence, []);
    assert.equal(result.engine?.workers, 1);
    const { total, ...stages } = result.timings;
    assert.deepEqual(stages, { inspect: 0.25, saliency: shards * 0.25, confirm: 0.25 });
    assert.ok(total >= 0);
  });
}

test('results that come together lead to the embedded verdict at once, however much of them was there before', async () => {
  for (let known = 0; known < 4; known++) {
    const model = { seed: 'together', target: 7, copy: copies++ };
    const order = orderOf(model);
    await registerScan(store, order);
    await planStage(store, order.scanId, { ...planned, shards: undefined });
    const all = await allAtOnce(model);
    const { ahead, ...own } = all;
    for (const result of [own, ...ahead!].slice(0, known)) {
      await recordResult(store, result, { nullTables: tables });
      await planStage(store, order.scanId, { ...planned, shards: undefined });
    }
    const recorded = await recordResult(store, all, { nullTables: tables });
    const { result } = (await store.verdict(order.scanId))!;
    assert.deepEqual(essence(result), essence(await embedded(model)));
    if (known === 3) {
      assert.deepEqual(recorded, { outcome: 'late', stage: 'inspect', ahead: [] });
      continue;
    }
    const outcomes = [recorded, ...recorded.ahead!].map(({ outcome, stage }) => `${stage} ${outcome}`);
    const expected = ['inspect', 'saliency', 'confirm'].map(
      (stage, i) => `${stage} ${i < known ? 'duplicate' : 'first'}`,
    );
    assert.deepEqual(outcomes, expected);
    assert.deepEqual(essence(recorded.verdict!.result), essence(result));
    const steps = ['inspected', 'detected', 'judged'];
    assert.deepEqual(await noticesOf(order.scanId), [...steps.slice(0, known), 'judged']);
    assert.equal((await recordResult(store, all, { nullTables: tables })).outcome, 'late');
  }
});

test('a model that answers NaN is inconclusive for the reason the embedded scanner gives', async () => {
  const model = { seed: 'not a number', target: 7 };
  const order = orderOf(model);
  const answer = await workerOf(model);
  await registerScan(store, order);
  await drive(store, order, async (task) => {
    const result = await answer(task);
    const { outcome } = result;
    if (outcome.kind === 'inspection') {
      const predictions = [-1, ...outcome.inspection.predictions.slice(1)];
      return { ...result, outcome: { ...outcome, inspection: { ...outcome.inspection, predictions } } };
    }
    if (outcome.kind !== 'features') return result;
    for (const values of outcome.features.values.values()) values[0] = NaN;
    return result;
  });
  const { result } = (await store.verdict(order.scanId))!;
  assert.equal(result.verdict, 'inconclusive');
  assert.equal(result.reason?.code, 'non-finite-features');
});

test('in any order, with any message repeated, and with two recorders: one verdict, the same bits', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.uuid(),
        target: fc.option(fc.nat(9), { nil: undefined }),
        shards: fc.integer({ min: 1, max: 20 }),
        // Picks what is delivered next, whether it stays in the queue, and when what is missing is sent again.
        choices: fc.array(fc.record({ pick: fc.nat(1000), again: fc.boolean(), replan: fc.boolean() }), {
          minLength: 5,
          maxLength: 60,
        }),
      }),
      async ({ choices, shards, seed, target }) => {
        const model = { seed, target, copy: copies++ };
        const order = orderOf(model);
        const answers = [await workerOf(model, 'worker-1'), await workerOf(model, 'worker-2')];
        const queue: TaskResult[] = [];
        const recorded: Recorded[] = [];
        const sent = new Set<string>();
        const record = async (results: readonly TaskResult[]): Promise<void> => {
          recorded.push(
            ...(await Promise.all(results.map((each) => recordResult(store, each, { nullTables: tables })))),
          );
        };
        await registerScan(store, order);
        for (let step = 0; !recorded.some(({ verdict }) => verdict); step++) {
          const { pick, again, replan } = choices[step % choices.length]!;
          if (queue.length === 0 || replan) {
            const { tasks } = await planStage(store, order.scanId, { ...planned, shards, round: step });
            for (const task of tasks) {
              sent.add(task.id);
              queue.push(await answers[step % 2]!(task));
            }
          }
          // Both recorders take up a message at the same time; what stays in the queue comes again, even stages later.
          const at = [pick % queue.length, (pick * 7) % queue.length];
          await record(at.map((index) => queue[index]!));
          if (!again || queue.length > 100) queue.splice(at[0]!, 1);
        }
        await record(queue);
        const { result } = (await store.verdict(order.scanId))!;
        assert.deepEqual(essence(result), essence(await embedded(model)));
        assert.equal(recorded.filter(({ verdict }) => verdict !== undefined).length, 1);
        assert.deepEqual(
          recorded.filter(({ outcome }) => outcome === 'refused'),
          [],
        );
        assert.equal(recorded.filter(({ outcome }) => outcome === 'first').length, sent.size);
        assert.deepEqual(await noticesOf(order.scanId), ['inspected', 'detected', 'judged']);
      },
    ),
    { numRuns: 25 },
  );
});

async function noticesOf(scanId: string): Promise<string[]> {
  const notices: Notice[] = [];
  while ((await store.deliverNotices(100, (notice) => Promise.resolve(void notices.push(notice)))) > 0);
  return notices.filter((notice) => notice.scanId === scanId).map(({ state }) => state);
}
