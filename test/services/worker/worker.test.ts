import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadImages } from '../../../adapters/images/load.js';
import { digestOfArray } from '../../../adapters/images/digest.js';
import { createIsolatedRunner } from '../../../adapters/isolation/index.js';
import { getBlob } from '../../../adapters/stores/objects/blobs.js';
import { encodeClosed } from '../../../adapters/wire/closed.js';
import { decodeEvidence } from '../../../adapters/wire/evidence.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { Outcome, TaskResult, Work } from '../../../core/pipeline/task.js';
import { planShards } from '../../../core/plan/plan.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { ImageSet } from '../../../core/scan/images.js';
import { repoRoot } from '../../support/paths.js';
import { createBench, orderOf, scriptedHost, send, shardOf, taskOf, until, valueOf, type Bench } from './support.js';

const models = join(repoRoot, 'examples', 'models');
let bench: Bench;

beforeEach(async () => {
  bench = await createBench();
});
afterEach(() => bench.close());

describe('worker', { timeout: 300_000 }, () => {
  it('computes bit for bit what the embedded scanner computes, and stores the pictures', async () => {
    const images = await loadImages(join(repoRoot, 'examples', 'images'), { count: 20 });
    const path = join(models, 'digits-backdoored-lower-right.onnx');
    const order = await orderOf(bench.store, { name: 'digits', model: readFileSync(path), images });
    const runner = createIsolatedRunner({ workers: 1, provider: 'cpu', timeoutMs: 120_000 });
    const { limits, settings } = order;
    const model = await runner.open({ path, images, limits, ...settings });
    const { inspection, engine } = model;
    const { classes, tile } = inspection;
    const plan = planShards({ scanId: order.scanId, classes, images: images.count, tile, workers: 2 });
    const works: Work[] = [
      ...plan.map((shard): Work => ({ stage: 'saliency', shard })),
      { stage: 'confirm', classIndex: 5 },
    ];
    const worker = await bench.start();
    await send(bench.transport, ...works.map((work) => taskOf(order, work)));
    const results = new Map((await bench.results.next(works.length)).map((result) => [result.taskId, result]));
    const outcome = (work: Work): Outcome => results.get(taskOf(order, work).id)!.outcome;

    for (const shard of plan) {
      const computed = outcome({ stage: 'saliency', shard });
      assert.ok(computed.kind === 'features');
      assert.deepEqual(computed.features, await model.runShard(shard));
    }
    const confirmed = outcome(works.at(-1)!);
    assert.ok(confirmed.kind === 'evidence');
    const pictures = decodeEvidence(await getBlob(bench.store, confirmed.pictures, 2 ** 28));
    assert.deepEqual(pictures, await model.confirm(5));
    assert.deepEqual(results.get(taskOf(order, works[0]!).id)!.engine, { ...engine });
    assert.deepEqual(worker.ready(), []);
    assert.deepEqual(worker.live(), []);
    const maps = await valueOf(bench.metrics, 'neuroninspect_maps_total');
    assert.equal(maps, classes * images.count);

    // The same from one task: nothing but the inspection is asked for.
    await send(bench.transport, taskOf(order, { stage: 'inspect' }));
    const { outcome: inspected, ahead } = (await bench.results.next(works.length + 1)).at(-1)!;
    assert.ok(inspected.kind === 'inspection');
    assert.deepEqual(inspected.inspection, inspection);
    assert.deepEqual(inspected.images.labels, images.labels);
    const [only] = planShards({ scanId: order.scanId, classes, images: images.count, tile, shards: 1 });
    assert.deepEqual(
      ahead!.map(({ taskId }) => taskId),
      [only!.id, taskOf(order, works.at(-1)!).id],
    );
    const [shard, confirmation] = ahead!.map((result) => result.outcome);
    assert.deepEqual(shard, { kind: 'features', features: await model.runShard(only!) });
    assert.deepEqual(confirmation, confirmed);
    assert.equal(await valueOf(bench.metrics, 'neuroninspect_maps_total'), 2 * maps);
    await runner.close();
  });

  it('gives up a shard that it computes ahead as it does one that it was asked for', async () => {
    await bench.start({ hostModule: scriptedHost });
    const order = await scripted('crash');
    const { id } = taskOf(order, shardOf(order, 0, 3));
    await send(bench.transport, taskOf(order, { stage: 'inspect' }));
    const [result] = await bench.results.next(1);
    assert.equal(result!.outcome.kind, 'inspection');
    assert.equal(result!.ahead?.length, 1);
    const [{ taskId, outcome }] = result!.ahead as [TaskResult];
    assert.equal(taskId, id);
    assert.ok(outcome.kind === 'failure');
    assert.equal(outcome.reason.code, 'engine-crashed');
    const [letter] = await bench.deadLetters.next(1);
    assert.deepEqual([letter?.taskId, letter?.tries], [id, 3]);
  });

  it('computes nothing ahead for the fleet while somebody waits at a gate', async () => {
    await bench.start({ hostModule: scriptedHost });
    const [fleet, gate] = [await scripted('hold-open'), await scripted('fine')];
    await send(bench.transport, taskOf(fleet, { stage: 'inspect' }, { lane: 'fleet' }));
    await until(() => bench.calls().some((line) => line.startsWith('open')));
    await send(bench.transport, taskOf(gate, { stage: 'inspect' }));
    const held = join(bench.folder, 'cache', 'models');
    await until(() => readdirSync(held).length === 2);
    await pause(100);
    release();
    const results = await bench.results.next(2);
    const aheadOf = (order: ScanOrder) => results.find(({ scanId }) => scanId === order.scanId)!.ahead?.length;
    assert.equal(aheadOf(fleet), undefined);
    assert.equal(aheadOf(gate), 1);
  });

  it('does not compute again what was sent again before it was answered', async () => {
    await bench.start({ hostModule: scriptedHost });
    const order = await scripted('fine');
    const task = taskOf(order, shardOf(order, 0, 1));
    await send(bench.transport, task);
    await bench.results.next(1);
    const dropped = 'neuroninspect_tasks_total{stage="saliency",lane="gate",outcome="dropped"}';
    await send(bench.transport, { ...task, round: 1 });
    await until(async () => (await valueOf(bench.metrics, dropped)) === 1);
    assert.equal(bench.results.seen.length, 1);
    // Somebody who asks later has not got the answer.
    await send(bench.transport, { ...task, round: 2, createdAt: Date.now() + 1000 });
    await bench.results.next(2);
  });

  it('answers for a file that is no model at once, in words of the order', async () => {
    await bench.start();
    const order = await orderOf(bench.store, { name: 'junk.onnx', model: Buffer.from('junk'), images: twoImages() });
    await send(bench.transport, taskOf(order, { stage: 'inspect' }));
    const [result] = await bench.results.next(1);
    assert.ok(result?.outcome.kind === 'failure');
    assert.match(result.outcome.reason.code, /^model-/);
    assert.match(result.outcome.reason.message, /junk\.onnx/);
    assert.ok(!result.outcome.reason.message.includes(bench.folder), result.outcome.reason.message);
    assert.equal(bench.deadLetters.seen.length, 0);
  });

  it('notices a damaged copy of a model on its disk and fetches it again', async () => {
    const images = await loadImages(join(repoRoot, 'examples', 'images'), { count: 2 });
    const model = readFileSync(join(models, 'digits-clean.onnx'));
    const order = await orderOf(bench.store, { name: 'm', model, images });
    const root = join(bench.folder, 'cache', 'models');
    const first = await bench.start();
    await send(bench.transport, taskOf(order, { stage: 'inspect' }));
    await bench.results.next(1);
    await first.stop(10_000);
    const [folder] = readdirSync(root);
    for (const damaged of [Buffer.alloc(model.length, 7), Buffer.from(model).fill(1, model.length - 900)]) {
      writeFileSync(join(root, folder!, 'model.onnx'), damaged);
      const worker = await bench.start();
      const seen = bench.results.seen.length;
      await send(bench.transport, taskOf(order, { stage: 'inspect' }));
      assert.equal((await bench.results.next(seen + 1)).at(-1)!.outcome.kind, 'inspection');
      await worker.stop(10_000);
    }
  });

  it('puts a message that is no task into the dead letters and goes on', async () => {
    await bench.start({ hostModule: scriptedHost });
    const value = Buffer.from('no task');
    await bench.transport.publish('tasks-gate', [{ key: 'k', value }]);
    await send(bench.transport, taskOf(await scripted('fine'), { stage: 'inspect' }));
    await bench.results.next(1);
    const [letter] = await bench.deadLetters.next(1);
    assert.equal(letter?.reason.code, 'message-malformed');
    assert.deepEqual(Buffer.from(letter.value), value);
    assert.equal(letter.topic, 'tasks-gate');
  });

  for (const [deed, code] of [
    ['crash', 'engine-crashed'],
    ['memory', 'engine-out-of-memory'],
  ] as const) {
    it(`gives up a task that breaks the engine (${deed}) after three fresh processes`, async () => {
      await bench.start({ hostModule: scriptedHost });
      const [poison, fine] = [await scripted(deed), await scripted('fine')];
      const task = taskOf(poison, shardOf(poison, 0, 1));
      await send(bench.transport, task, taskOf(fine, shardOf(fine, 0, 1)));
      const results = await bench.results.next(2);
      const [letter] = await bench.deadLetters.next(1);
      assert.equal(letter?.taskId, task.id);
      assert.equal(letter.tries, 3);
      assert.equal(letter.reason.code, code);
      const failed = results.find(({ taskId }) => taskId === task.id)!.outcome;
      assert.ok(failed.kind === 'failure');
      assert.equal(failed.reason.code, code);
      const pids = bench.calls().filter((line) => line.startsWith('shard') && line.endsWith(deed));
      assert.equal(pids.length, 3);
      assert.equal(new Set(pids).size, 3);
      assert.equal(results.find(({ taskId }) => taskId !== task.id)!.outcome.kind, 'features');
      const retries = `neuroninspect_task_retries_total{stage="saliency",code="${code}"}`;
      assert.equal(await valueOf(bench.metrics, retries), 2);
      assert.equal(await valueOf(bench.metrics, `neuroninspect_engine_restarts_total{code="${code}"}`), 3);
    });
  }

  it('computes a task that broke the engine once in the next process', async () => {
    await bench.start({ hostModule: scriptedHost });
    const order = await scripted('crash-once');
    await send(bench.transport, taskOf(order, shardOf(order, 0, 1)));
    assert.equal((await bench.results.next(1))[0]!.outcome.kind, 'features');
    assert.equal(bench.deadLetters.seen.length, 0);
  });

  it('computes a task once that is sent again while it waits or runs', async () => {
    await bench.start({ hostModule: scriptedHost });
    const [held, other] = [await scripted('hold'), await scripted('fine')];
    const [running, waiting] = [taskOf(held, shardOf(held, 0, 1)), taskOf(other, shardOf(other, 0, 1))];
    await send(bench.transport, running);
    await until(() => bench.calls().some((line) => line.startsWith('shard')));
    await send(bench.transport, running, waiting, { ...running, lane: 'fleet' }, { ...waiting, lane: 'fleet' });
    await until(() => bench.delivered() === 5);
    release();
    await bench.results.next(2);
    const last = taskOf(held, { stage: 'inspect' });
    await send(bench.transport, last);
    await bench.results.next(3);
    assert.deepEqual(
      bench.results.seen.map(({ taskId }) => taskId),
      [running.id, waiting.id, last.id],
    );
  });

  it('stops a task of a closed scan, drops those that wait, and computes those of a scan opened again', async () => {
    await bench.start({ hostModule: scriptedHost });
    const held = await scripted('hold');
    const createdAt = Date.now();
    await send(
      bench.transport,
      taskOf(held, shardOf(held, 0, 1), { createdAt }),
      taskOf(held, shardOf(held, 1, 2), { createdAt }),
      taskOf(held, shardOf(held, 2, 3), { createdAt: createdAt + 10 }),
    );
    await until(() => bench.calls().some((line) => line.startsWith('shard')));
    await bench.transport.publish('closed', [
      { key: held.scanId, value: encodeClosed({ scanId: held.scanId, closedAt: createdAt + 5 }) },
    ]);
    const dropped = 'neuroninspect_tasks_total{stage="saliency",lane="gate",outcome="dropped"}';
    await until(async () => (await valueOf(bench.metrics, dropped)) === 2);
    release();
    const [result] = await bench.results.next(1);
    assert.equal(result?.taskId, taskOf(held, shardOf(held, 2, 3)).id);
  });

  it('puts a task back into the queue while its disk is full, and computes it when there is room again', async () => {
    const order = await scripted('fine');
    let full = 2;
    const store: ObjectStore = {
      ...bench.store,
      get: (key) => {
        if (!key.includes(order.model.files[0]!.sha256) || full-- <= 0) return bench.store.get(key);
        return Promise.reject(Object.assign(new Error('no space left on device'), { code: 'ENOSPC' }));
      },
    };
    await bench.start({ hostModule: scriptedHost, store });
    await send(bench.transport, taskOf(order, shardOf(order, 0, 1)));
    const [result] = await bench.results.next(1);
    assert.equal(result!.outcome.kind, 'features');
    const handedBack = 'neuroninspect_tasks_total{stage="saliency",lane="gate",outcome="handed-back"}';
    assert.equal(await valueOf(bench.metrics, handedBack), 2);
    assert.equal(await valueOf(bench.metrics, 'neuroninspect_storage_errors_total{store="disk"}'), 2);
    assert.equal(bench.deadLetters.seen.length, 0);
  });

  it('drops a task that nobody waits for any more', async () => {
    await bench.start({ hostModule: scriptedHost });
    const order = await scripted('fine');
    await send(bench.transport, taskOf(order, shardOf(order, 0, 1), { notAfter: Date.now() - 1, createdAt: 1 }));
    await send(bench.transport, taskOf(order, shardOf(order, 1, 2)));
    const [result] = await bench.results.next(1);
    assert.equal(result?.taskId, taskOf(order, shardOf(order, 1, 2)).id);
    assert.deepEqual(bench.calls().filter((line) => line.startsWith('shard')).length, 1);
  });

  it('waits for an object store that does not answer', async () => {
    let failures = 3;
    const store: ObjectStore = {
      ...bench.store,
      get: (key) => {
        if (failures-- > 0) throw new ScanError('storage-failed', 'the store is away', { retryable: true });
        return bench.store.get(key);
      },
    };
    await bench.start({ hostModule: scriptedHost, store });
    await send(bench.transport, taskOf(await scripted('fine'), { stage: 'inspect' }));
    const [result] = await bench.results.next(1);
    assert.equal(result?.outcome.kind, 'inspection');
    assert.equal(await valueOf(bench.metrics, 'neuroninspect_storage_errors_total{store="objects"}'), 3);
  });

  it('drops a task whose blobs never come, once nobody waits for it', async () => {
    await bench.start({ hostModule: scriptedHost });
    const order = await scripted('fine');
    const lost = { ...order, images: { ...order.images, sha256: '0'.repeat(64) } };
    await send(bench.transport, taskOf(lost, { stage: 'inspect' }, { notAfter: Date.now() + 1000 }));
    const dropped = 'neuroninspect_tasks_total{stage="inspect",lane="gate",outcome="dropped"}';
    await until(async () => (await valueOf(bench.metrics, dropped)) === 1);
    assert.equal(bench.results.seen.length, 0);
  });

  it('finishes what runs and leaves the rest to others when it is stopped', async () => {
    const first = await bench.start({ hostModule: scriptedHost });
    const held = await scripted('hold');
    const tasks = [0, 1, 2].map((start) => taskOf(held, shardOf(held, start, start + 1)));
    await send(bench.transport, ...tasks);
    await until(() => bench.calls().some((line) => line.startsWith('shard')));
    const pid = bench.calls().find((line) => line.startsWith('shard'));
    const stopping = first.stop(60_000);
    assert.deepEqual(first.ready(), ['it is stopping']);
    release();
    await stopping;
    assert.equal(bench.calls().filter((line) => line === pid).length, 1);
    assert.equal(bench.results.seen.length, 1);
    await bench.start({ hostModule: scriptedHost });
    await bench.results.next(3);
    assert.deepEqual(new Set(bench.results.seen.map(({ taskId }) => taskId)), new Set(tasks.map(({ id }) => id)));
  });

  it('gives back what does not finish in time', async () => {
    const first = await bench.start({ hostModule: scriptedHost });
    const held = await scripted('hold');
    await send(bench.transport, taskOf(held, shardOf(held, 0, 1)));
    await until(() => bench.calls().some((line) => line.startsWith('shard')));
    await first.stop(100);
    assert.equal(bench.results.seen.length, 0);
    release();
    await bench.start({ hostModule: scriptedHost });
    await bench.results.next(1);
  });
});

/** An order for the scripted host. */
function scripted(deed: string): Promise<ScanOrder> {
  return orderOf(bench.store, { name: deed, model: Buffer.from(`${deed} model`), images: twoImages() });
}

function twoImages(): ImageSet {
  const [dims, data, labels] = [[2, 1, 4, 4], new Float32Array(32), [undefined, undefined]] as const;
  return { kind: 'raw', digest: digestOfArray(dims, data, labels), count: 2, labels, dims, data };
}

function release(): void {
  writeFileSync(join(bench.folder, 'cache', 'release'), '');
}
