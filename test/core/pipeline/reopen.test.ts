import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPgliteScanStore } from '../../../adapters/stores/scans/pglite.js';
import { concludeScan, mayPass, planStage, recordResult, registerScan } from '../../../core/pipeline/index.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import { drive, embedded, essence, failed, orderOf, planned, tables, workerOf } from './fake-worker.js';

let store: ScanStore;
before(async () => {
  store = await openPgliteScanStore();
});
after(() => store.close());

const record = (result: Parameters<typeof recordResult>[1]) => recordResult(store, result, { nullTables: tables });

test('a scan that failed for a reason that may pass is opened again; only what is missing is computed', async () => {
  const model = { seed: 'reopened', target: 2 };
  const order = orderOf(model);
  const answer = await workerOf(model);
  await registerScan(store, order);
  await drive(store, order, answer, (state) => state === 'inspected');
  const { tasks } = await planStage(store, order.scanId, planned);
  await record(await answer(tasks[0]!));
  await record(failed(tasks[1]!));
  assert.equal((await record(await answer(tasks[2]!))).outcome, 'late');

  const progress = await registerScan(store, { ...order, lane: 'fleet' });
  assert.deepEqual(progress, { state: 'inspected', stage: 'saliency', done: 2, total: tasks.length });
  assert.equal(await store.verdict(order.scanId), undefined);
  const again = await planStage(store, order.scanId, planned);
  assert.deepEqual(
    again.tasks.map(({ id }) => id),
    tasks.filter((_, i) => i !== 0 && i !== 2).map(({ id }) => id),
  );
  await drive(store, order, answer);
  assert.deepEqual(essence((await store.verdict(order.scanId))!.result), essence(await embedded(model)));
});

test('a failure from before a scan was opened again does not end it; a result from before counts', async () => {
  const model = { seed: 'stale failure', target: 2 };
  const order = orderOf(model);
  const answer = await workerOf(model);
  await registerScan(store, order);
  await drive(store, order, answer, (state) => state === 'inspected');
  const { tasks } = await planStage(store, order.scanId, planned);
  await record(failed(tasks[0]!));
  await registerScan(store, order);

  assert.deepEqual(await record(failed(tasks[1]!)), { outcome: 'late', stage: 'saliency' });
  const again = await planStage(store, order.scanId, planned);
  assert.equal(again.progress.state, 'inspected');
  assert.equal(again.tasks.length, tasks.length, 'the failed task is sent again');
  assert.equal((await record(await answer(tasks[1]!))).outcome, 'first');

  assert.equal((await record(failed(again.tasks[2]!))).reached, 'judged');
});

test('a failure of a sender that does not say when its task was made ends the scan', async () => {
  const order = orderOf({ seed: 'older worker' });
  await registerScan(store, order);
  const { tasks } = await planStage(store, order.scanId, planned);
  assert.equal((await record({ ...failed(tasks[0]!), createdAt: undefined })).reached, 'judged');
});

test('however slow the clock of the planner is, its tasks are not older than the scan', async () => {
  const order = orderOf({ seed: 'slow clock' });
  await registerScan(store, order);
  const { tasks } = await planStage(store, order.scanId, { ...planned, now: 0 });
  assert.equal((await record(failed(tasks[0]!))).reached, 'judged');
});

test('a scan whose last result came after its deadline has its verdict as soon as it is opened again', async () => {
  const model = { seed: 'too late', target: 2 };
  const order = orderOf(model);
  const answer = await workerOf(model);
  await registerScan(store, order);
  await drive(store, order, answer, (state) => state === 'detected');
  const { tasks } = await planStage(store, order.scanId, planned);
  await concludeScan(store, order.scanId, { code: 'deadline-exceeded', message: 'no worker' });
  await record(await answer(tasks[0]!));
  await registerScan(store, order);
  const { progress, tasks: missing, verdict } = await planStage(store, order.scanId, planned);
  assert.equal(progress.state, 'judged');
  assert.deepEqual(missing, []);
  assert.equal(verdict?.result.verdict, 'backdoored');
});

test('a verdict and a reason that cannot pass stay', async () => {
  const clean = { seed: 'clean 0' };
  await registerScan(store, orderOf(clean));
  await drive(store, orderOf(clean), await workerOf(clean));
  const refused = orderOf({ seed: 'refused' });
  await registerScan(store, refused);
  const { tasks } = await planStage(store, refused.scanId, planned);
  await record(failed(tasks[0]!, 'model-unsupported-op'));
  for (const order of [orderOf(clean), refused]) {
    const before = await store.verdict(order.scanId);
    assert.ok(before);
    assert.equal((await registerScan(store, order)).state, 'judged');
    assert.deepEqual(await store.verdict(order.scanId), before);
  }
});

test('registering a running scan again moves it to the lane of the new order and changes nothing else', async () => {
  const order = orderOf({ seed: 'moved' }, { lane: 'fleet' });
  const progress = await registerScan(store, order);
  assert.deepEqual(await registerScan(store, { ...order, lane: 'gate' }), progress);
  assert.equal(await store.locked(order.scanId, ({ lane }) => Promise.resolve(lane)), 'gate');
});

test('what lies in model, images or settings never passes', () => {
  for (const code of ['model-unsupported-op', 'model-malformed', 'images-mismatch', 'too-few-classes'] as const) {
    assert.equal(mayPass(code), false, code);
  }
  for (const code of ['engine-crashed', 'engine-timeout', 'deadline-exceeded', 'cancelled'] as const) {
    assert.equal(mayPass(code), true, code);
  }
});
