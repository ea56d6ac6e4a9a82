import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { resultKey } from '../../../adapters/stores/objects/blobs.js';
import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import { stringifyExact } from '../../../adapters/wire/json.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { ScanError } from '../../../core/scan/errors.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import type { ScanResult } from '../../../core/scan/result.js';
import type { ScanProgress } from '../../../core/scan/scan-model.js';
import { judgeAll, submitAll, type Judging } from '../../../services/cli/submit/judge.js';
import type { Cluster } from '../../../services/cli/submit/cluster.js';
import { repoRoot } from '../../support/paths.js';
import { samples } from '../../support/sample-results.js';

const clean = join(repoRoot, 'examples/models/digits-clean.onnx');
const backdoored = join(repoRoot, 'examples/models/digits-backdoored-lower-right.onnx');

test('results come from the object store in the order asked for, pictures included, under the names used here', async (t) => {
  const scene = await newScene(t);
  const [first, second] = await judgeAll([backdoored, clean], scene.judging);
  assert.equal(first?.model.path, backdoored);
  assert.equal(second?.model.path, clean);
  assert.deepEqual(first.evidence, samples.backdoored.evidence);
  assert.deepEqual(scene.finished.map(({ model }) => model.path).sort(), [backdoored, clean].sort());
  assert.deepEqual(
    scene.started.map(({ lane }) => lane),
    ['gate', 'gate'],
  );
  assert.deepEqual(scene.seconds, [90, 90]);
});

test('a model that cannot be read, and one that cannot be submitted, keep no other from its verdict', async (t) => {
  const scene = await newScene(t, {
    start: (order) =>
      order.model.name === backdoored
        ? Promise.reject(new ScanError('storage-failed', 'Temporal is gone', { retryable: true }))
        : Promise.resolve(),
  });
  const bad = join(scene.dir, 'bad.onnx');
  await writeFile(bad, 'no model');
  const results = await judgeAll([bad, backdoored, clean], scene.judging);
  assert.deepEqual(
    results.map(({ reason, verdict }) => reason?.code ?? verdict),
    ['model-malformed', 'storage-failed', samples.backdoored.verdict],
  );
  assert.deepEqual(
    results.map(({ model }) => model.digest === undefined),
    [false, false, false],
  );
  assert.equal(scene.finished.length, 3);
});

test('a verdict whose report is missing, damaged or of another scan is a failure, not a verdict', async (t) => {
  const other = { ...samples.clean, scanId: '0'.repeat(64) };
  const stored: readonly (readonly [string | undefined, RegExp])[] = [
    [undefined, /is not there/],
    ['', /./],
    ['{"scanId": ', /./],
    ['null', /no result of this scan/],
    [stringifyExact(other), /no result of this scan/],
    ['{"verdict":"harmless"}', /no result of this scan/],
  ];
  for (const [text, says] of stored) {
    const scene = await newScene(t, { publish: () => text });
    const [result] = await judgeAll([clean], scene.judging);
    assert.equal(result?.verdict, 'inconclusive');
    assert.match(result.reason!.message, says);
    assert.ok(['storage-failed', 'message-malformed'].includes(result.reason!.code));
  }
});

test('an interrupted wait says that the pipeline goes on', async (t) => {
  const interrupt = new AbortController();
  const scene = await newScene(t, {
    outcome: () =>
      new Promise(() =>
        setImmediate(() => {
          interrupt.abort();
        }),
      ),
  });
  const [result] = await judgeAll([clean], { ...scene.judging, signal: interrupt.signal });
  assert.equal(result?.reason?.code, 'cancelled');
  assert.match(result.reason.message, /the pipeline goes on/);
  assert.match(result.model.digest!, /^sha256:/);
});

test('an interrupt before the submission submits nothing', async (t) => {
  const scene = await newScene(t);
  const results = await judgeAll([clean, backdoored], { ...scene.judging, signal: AbortSignal.abort() });
  assert.deepEqual(
    results.map(({ reason }) => reason?.code),
    ['cancelled', 'cancelled'],
  );
  assert.deepEqual(scene.started, []);
});

test('a pipeline that never answers is given up', async (t) => {
  const scene = await newScene(t, { outcome: () => new Promise(() => undefined) });
  const [result] = await judgeAll([clean], { ...scene.judging, giveUpAfter: 0.01 });
  assert.equal(result?.reason?.code, 'deadline-exceeded');
  assert.match(result.reason.message, /check that its orchestrator is running/);
});

test('somebody who watches sees the stages; a question that fails hurts nobody', async (t) => {
  const seen: ScanProgress[] = [];
  let asked = 0;
  let end: () => void = () => undefined;
  const scene = await newScene(t, {
    outcome: () => new Promise((resolve) => (end = resolve)),
    progress: () => {
      if (asked++ === 0) return undefined;
      end();
      return { state: 'inspected', stage: 'saliency', done: 2, total: 5 };
    },
  });
  const progress = { ...scene.judging.progress, update: (step: ScanProgress) => void seen.push(step) };
  await judgeAll([clean], { ...scene.judging, progress, pollEvery: 0.001 });
  assert.deepEqual(seen[0], { path: clean, stage: 'identify', done: 0, total: 1 });
  assert.deepEqual(seen[1], { path: clean, stage: 'saliency', done: 2, total: 5 });
});

test('a submission without waiting asks for no verdict', async (t) => {
  const scene = await newScene(t, {
    outcome: () => {
      throw new Error('nobody waits');
    },
  });
  const submitted = await submitAll([clean], scene.judging, (each) => each);
  assert.deepEqual(
    submitted.map((each) => ('order' in each ? each.order.scanId : each.failed)),
    scene.started.map(({ scanId }) => scanId),
  );
});

interface Behaviour {
  readonly start?: (order: ScanOrder) => Promise<void>;
  readonly outcome?: () => Promise<void>;
  readonly progress?: () => Awaited<ReturnType<Cluster['progress']>>;
  /** What is published as the result of a scan. */
  readonly publish?: (order: ScanOrder) => string | undefined;
}

/** A pipeline that judges every model `backdoored`, unless told otherwise. */
async function newScene(t: TestContext, behaviour: Behaviour = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'neuroninspect-submit-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const store: ObjectStore = createFileObjectStore(join(dir, 'objects'));
  const started: ScanOrder[] = [];
  const seconds: number[] = [];
  const finished: ScanResult[] = [];
  const publish = behaviour.publish ?? (({ scanId }) => stringifyExact({ ...samples.backdoored, scanId }));
  const cluster: Cluster = {
    async start(order, total) {
      await behaviour.start?.(order);
      started.push(order);
      seconds.push(total);
    },
    async outcome(scanId) {
      await behaviour.outcome?.();
      const text = publish(started.find((order) => order.scanId === scanId)!);
      if (text !== undefined) await store.put(resultKey(scanId), Buffer.from(text), Buffer.byteLength(text));
      return { scanId, verdict: 'backdoored', targetClasses: [], reportKey: '' };
    },
    progress: () => Promise.resolve(behaviour.progress?.()),
    close: () => Promise.resolve(),
  };
  const judging: Judging = {
    submission: {
      store,
      images: { sha256: '1'.repeat(64), bytes: 1, digest: `sha256:${'2'.repeat(64)}`, count: 50, labelled: 50 },
      imageKind: 'pixels',
      settings: { profile: cascade1, preprocessing: {}, selection: {} },
      limits: { maxModelBytes: 2 ** 31, maxRunBytes: 2 ** 30 },
      lane: 'gate',
    },
    cluster,
    progress: {
      update: () => undefined,
      finished: (result) => void finished.push(result),
      note: () => undefined,
      stop: () => undefined,
    },
    signal: new AbortController().signal,
    timeout: 90,
    giveUpAfter: 150,
  };
  return { dir, judging, started, seconds, finished };
}
