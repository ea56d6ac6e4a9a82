import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPgliteScanStore } from '../../../adapters/stores/scans/pglite.js';
import { concludeScan, planStage, recordResult, registerScan } from '../../../core/pipeline/index.js';
import type { Outcome, Task, TaskResult } from '../../../core/pipeline/task.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import type { ShardFeatures } from '../../../core/scan/features.js';
import { allAtOnce, drive, failed, orderOf, planned, tables, workerOf, type NoisyModel } from './fake-worker.js';

let store: ScanStore;
let answer: (task: Task) => Promise<TaskResult>;
before(async () => {
  store = await openPgliteScanStore();
  answer = await workerOf({ seed: 'records' });
});
after(() => store.close());

const record = (result: TaskResult) => recordResult(store, result, { nullTables: tables });

/** Tasks of a new scan that got as far as `state`. */
async function scanAt(state: 'registered' | 'inspected' | 'detected', copy: string, target = 7) {
  const model: NoisyModel = { seed: `records ${copy}`, target };
  const order = orderOf(model);
  answer = await workerOf(model);
  await registerScan(store, order);
  await drive(store, order, answer, (reached) => reached === state);
  const { tasks } = await planStage(store, order.scanId, planned);
  return { order, tasks };
}

test('a scan goes from stage to stage, and its progress says how far it is', async () => {
  const { order, tasks } = await scanAt('inspected', 'progress');
  const { progress } = await planStage(store, order.scanId, planned);
  assert.deepEqual(progress, { state: 'inspected', stage: 'saliency', done: 0, total: tasks.length });
  assert.deepEqual(await record(await answer(tasks[0]!)), { outcome: 'first', stage: 'saliency' });
  const later = await planStage(store, order.scanId, planned);
  assert.deepEqual(later.progress, { ...progress, done: 1 });
  assert.deepEqual(
    later.tasks.map(({ id }) => id),
    tasks.slice(1).map(({ id }) => id),
  );
});

test('tasks say which lane they wait in, how often they were sent and until when they are wanted', async () => {
  const { order } = await scanAt('registered', 'lane');
  const now = Date.now() + 60_000;
  const { tasks } = await planStage(store, order.scanId, { ...planned, lane: 'fleet', round: 3, now, ttl: 60 });
  assert.deepEqual(tasks, [
    {
      id: `${order.scanId}/inspect`,
      order,
      lane: 'fleet',
      round: 3,
      createdAt: now,
      notAfter: now + 60_000,
      work: { stage: 'inspect' },
    },
  ]);
});

const unfit: readonly [
  string,
  'inspect' | 'saliency' | 'confirm',
  (result: TaskResult) => Partial<TaskResult>,
  RegExp,
][] = [
  ['a task nobody planned', 'saliency', () => ({ taskId: 'x' }), /no task id/],
  [
    'another shard than any of the plan',
    'saliency',
    (result) => {
      const id = `${result.scanId}/0-1x0-1`;
      const range = { start: 0, end: 1 };
      return {
        taskId: id,
        ...features(result, ({ values, parity }) => ({
          shard: { id, classes: range, images: range },
          values: new Map([...values].map(([key]) => [key, new Float32Array(1)])),
          parity,
        })),
      };
    },
    /no such task/,
  ],
  ['another kind of result', 'confirm', () => ({ outcome: inspectionOf() }), /brings inspection, not evidence/],
  [
    "a shard that is not the task's",
    'saliency',
    (result) => features(result, (f) => ({ ...f, shard: { ...f.shard, classes: { start: 0, end: 99 } } })),
    /its classes are 0-99/,
  ],
  [
    'too few values',
    'saliency',
    (result) => features(result, (f) => ({ ...f, values: new Map([...f.values].map(([k, v]) => [k, v.subarray(1)])) })),
    /values, not/,
  ],
  [
    'a feature the profile does not know',
    'saliency',
    (result) =>
      features(result, (f) => ({ ...f, values: new Map([...f.values, ['vanilla.sparse', new Float32Array(1)]]) })),
    /the profile wants/,
  ],
  [
    'bit maps the profile does not ask for',
    'saliency',
    (result) =>
      features(result, (f) => ({
        ...f,
        parity: new Map([['vanilla', { images: 0, height: 4, width: 4, bits: new Uint8Array(2) }]]),
      })),
    /bit maps of \[vanilla\]/,
  ],
  [
    'evidence of another class',
    'confirm',
    ({ outcome }) =>
      outcome.kind === 'evidence'
        ? { outcome: { ...outcome, evidence: { ...outcome.evidence, classIndex: 1 } } }
        : assert.fail(),
    /about class 1/,
  ],
  [
    'predictions of other images',
    'inspect',
    ({ outcome }) =>
      outcome.kind === 'inspection'
        ? { outcome: { ...outcome, inspection: { ...outcome.inspection, predictions: [1] } } }
        : assert.fail(),
    /1 predictions for 20 images/,
  ],
  [
    'a model without classes',
    'inspect',
    ({ outcome }) =>
      outcome.kind === 'inspection'
        ? { outcome: { ...outcome, inspection: { ...outcome.inspection, classes: 0 } } }
        : assert.fail(),
    /classes is 0/,
  ],
];

for (const [name, stage, spoil, says] of unfit) {
  test(`${name} is refused before it is stored, and the right result counts later`, async () => {
    const state = { inspect: 'registered', saliency: 'inspected', confirm: 'detected' } as const;
    const { order, tasks } = await scanAt(state[stage], name);
    const right = await answer(tasks[0]!);
    const { outcome, refusal, reached } = await record({ ...right, ...spoil(right) });
    assert.equal(outcome, 'refused');
    assert.match(refusal!.message, says);
    assert.equal(reached, undefined);
    assert.equal((await record(right)).outcome, 'first');
    await drive(store, order, answer);
    assert.equal((await store.verdict(order.scanId))?.result.verdict, 'backdoored');
  });
}

test('a result of a scan nobody knows is refused', async () => {
  const [task] = (await scanAt('registered', 'known')).tasks;
  const scanId = 'f'.repeat(64);
  const { outcome, refusal } = await record({ ...(await answer(task!)), scanId, taskId: `${scanId}/inspect` });
  assert.equal(outcome, 'refused');
  assert.match(refusal!.message, /no such scan/);
});

test('a result that comes before its stage is planned is kept', async () => {
  const { tasks } = await scanAt('registered', 'planned');
  const fresh = orderOf({ seed: 'not planned' });
  await registerScan(store, fresh);
  const early = await answer({ ...tasks[0]!, id: `${fresh.scanId}/inspect`, order: fresh });
  assert.deepEqual(await record(early), { outcome: 'first', stage: 'inspect' });
  const { progress, tasks: next } = await planStage(store, fresh.scanId, planned);
  assert.equal(progress.state, 'inspected');
  assert.ok(next.length > 1 && next.every(({ work }) => work.stage === 'saliency'));
});

test('a result that came ahead and does not fit is refused alone, and asked for again', async () => {
  const model: NoisyModel = { seed: 'ahead does not fit', target: 7 };
  const { order } = await scanAt('registered', 'ahead does not fit');
  const { ahead, ...own } = await allAtOnce({ ...model, seed: `records ${model.seed}` });
  const [shard, confirmation] = ahead as [TaskResult, TaskResult];
  const recorded = await record({ ...own, ahead: [{ ...shard, seconds: -1 }, confirmation] });
  assert.deepEqual(
    [recorded.outcome, recorded.reached, recorded.ahead, recorded.refusal?.code],
    ['first', 'inspected', [], 'internal'],
  );
  const { progress, tasks } = await planStage(store, order.scanId, planned);
  assert.deepEqual(progress, { state: 'inspected', stage: 'saliency', done: 0, total: 1 });
  assert.deepEqual(
    tasks.map(({ id }) => id),
    [shard.taskId],
  );
  await drive(store, order, answer);
  assert.equal((await store.verdict(order.scanId))?.result.verdict, 'backdoored');
});

test('a failure that came ahead ends the scan', async () => {
  const { order } = await scanAt('registered', 'ahead fails');
  const { ahead, ...own } = await allAtOnce({ seed: 'records ahead fails', target: 7 });
  const reason = { code: 'engine-crashed', message: 'three tries' } as const;
  const { reached, verdict } = await record({
    ...own,
    ahead: [{ ...ahead![0]!, outcome: { kind: 'failure', reason } }],
  });
  assert.deepEqual([reached, verdict?.result.reason], ['judged', reason]);
  assert.equal((await store.verdict(order.scanId))?.result.images.accuracy, 1);
});

test('the first failure ends the scan, with its reason and all that is known of the model', async () => {
  const { order, tasks } = await scanAt('inspected', 'failure');
  await record(await answer(tasks[0]!));
  const { outcome, reached, verdict } = await record(failed(tasks[1]!));
  assert.deepEqual([outcome, reached], ['first', 'judged']);
  const { result } = (await store.verdict(order.scanId))!;
  assert.deepEqual(verdict?.result.reason, { code: 'engine-crashed', message: 'model.onnx: three tries' });
  assert.equal(result.verdict, 'inconclusive');
  assert.deepEqual(result.model.inputDims, [1, 4, 4]);
  assert.equal(result.images.accuracy, 1);
  assert.equal(result.engine?.name, 'fake');
  assert.deepEqual(result.findings, []);
});

test('a failure of a task that has a result changes nothing', async () => {
  const { order, tasks } = await scanAt('inspected', 'failure beats nothing');
  await record(await answer(tasks[0]!));
  assert.deepEqual(await record(failed(tasks[0]!)), { outcome: 'duplicate', stage: 'saliency' });
  await drive(store, order, answer);
  assert.equal((await store.verdict(order.scanId))?.result.verdict, 'backdoored');
});

test('what comes after the verdict is late and changes nothing', async () => {
  const { order, tasks } = await scanAt('detected', 'late');
  const last = await answer(tasks[0]!);
  assert.ok((await record(last)).verdict);
  const before = await store.verdict(order.scanId);
  for (const result of [last, failed(tasks[0]!)]) assert.equal((await record(result)).outcome, 'late');
  const { progress, verdict } = await concludeScan(store, order.scanId, { code: 'cancelled', message: 'too late' });
  assert.deepEqual(progress, { state: 'judged', done: 0, total: 0 });
  assert.equal(verdict, undefined);
  assert.deepEqual(await store.verdict(order.scanId), before);
});

test('a scan that is concluded has the reason as its verdict', async () => {
  const { order } = await scanAt('registered', 'concluded');
  const reason = { code: 'deadline-exceeded', message: 'no worker' } as const;
  const { verdict } = await concludeScan(store, order.scanId, reason);
  assert.deepEqual(verdict?.result.reason, reason);
  assert.deepEqual((await store.verdict(order.scanId))?.result.reason, reason);
});

function features(result: TaskResult, change: (features: ShardFeatures) => ShardFeatures): Partial<TaskResult> {
  const { outcome } = result;
  if (outcome.kind !== 'features') throw new Error('no features');
  return { outcome: { kind: 'features', features: change(outcome.features) } };
}

function inspectionOf(): Outcome {
  return {
    kind: 'inspection',
    images: { labels: [] },
    inspection: {
      classes: 10,
      inputDims: [1, 4, 4],
      layout: 'NCHW',
      channels: 1,
      height: 4,
      width: 4,
      inputName: 'input',
      logitsName: 'logits',
      cut: undefined,
      predictions: [],
      accuracy: 1,
      preprocessingHint: undefined,
      tile: { classes: 2, images: 5 },
    },
  };
}
