import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { ScanCache } from '../../../core/ports/scan-cache.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { ScanResult } from '../../../core/scan/result.js';
import {
  scanModel,
  type ScanDependencies,
  type ScanProgress,
  type ScanRequest,
} from '../../../core/scan/scan-model.js';
import { fakeRunner, images, profile, type FakeModel } from './fake-runner.js';

test('a model whose gains and trigger point to one class is backdoored, with evidence on that class', async () => {
  const { runner, calls } = fakeRunner({ target: 7 });
  const result = await scanModel(dependencies({ runner }), request());
  assert.equal(result.verdict, 'backdoored');
  assert.deepEqual(result.targetClasses, [7]);
  assert.deepEqual(calls.confirmed, [7]);
  assert.equal(result.evidence[0]?.classIndex, 7);
  assert.equal(calls.closed, 1);
});

test('a model without an outlier is clean', async () => {
  const result = await scanModel(dependencies({ runner: fakeRunner().runner }), request());
  assert.equal(result.verdict, 'clean');
  assert.equal(result.reason, undefined);
});

test('what is reported names model, images, engine and settings', async () => {
  const result = await scanModel(dependencies({ runner: fakeRunner({ workers: 3 }).runner }), request());
  assert.deepEqual(result.model, {
    path: 'model.onnx',
    digest: 'sha256:2222',
    bytes: 5,
    format: 'onnx',
    classes: 10,
    inputDims: [1, 4, 4],
    layout: 'NCHW',
  });
  assert.deepEqual(result.images, { digest: 'sha256:1111', count: 20, labelled: 20, accuracy: 1 });
  assert.deepEqual(result.engine, { name: 'fake', version: '1', provider: 'cpu', workers: 3 });
  assert.equal(result.profile.name, 'test');
  assert.match(result.scanId, /^[0-9a-f]{64}$/);
});

test('a small scan stays with one worker; a longer one uses all, and never more', async () => {
  const small = fakeRunner({ workers: 3 });
  await scanModel(dependencies({ runner: small.runner }), request());
  assert.equal(small.calls.mostRunning, 1);
  const longer = fakeRunner({ workers: 3 });
  await scanModel(dependencies({ runner: longer.runner, clock: impatient }), request());
  assert.equal(longer.calls.mostRunning, 3);
});

test('the number of workers changes no number', async () => {
  const runs = await Promise.all(
    [1, 2, 7, 64].map((workers) =>
      scanModel(dependencies({ runner: fakeRunner({ workers, target: 3 }).runner, clock: impatient }), request()),
    ),
  );
  for (const { classes, score, pValue } of runs) {
    assert.deepEqual(
      { classes, score, pValue },
      { classes: runs[0]!.classes, score: runs[0]!.score, pValue: runs[0]!.pValue },
    );
  }
});

const failures: readonly { name: string; model: FakeModel; code: string; says: RegExp }[] = [
  {
    name: 'a model that cannot be read',
    model: { open: () => Promise.reject(new ScanError('model-malformed', 'model.onnx: cut short')) },
    code: 'model-malformed',
    says: /cut short/,
  },
  {
    name: 'an engine that crashes in one shard',
    model: {
      runShard: (shard, run) =>
        shard.classes.start === 4
          ? Promise.reject(new ScanError('engine-crashed', 'model.onnx: gone'))
          : Promise.resolve(run()),
    },
    code: 'engine-crashed',
    says: /gone/,
  },
  {
    name: 'an error nobody foresaw',
    model: { runShard: () => Promise.reject(new TypeError('x is undefined')) },
    code: 'internal',
    says: /x is undefined/,
  },
  {
    name: 'a shard whose result has the wrong shape',
    model: {
      runShard: (_, run) => Promise.resolve({ ...run(), values: new Map([['guided.gain', new Float32Array(1)]]) }),
    },
    code: 'internal',
    says: /refused/,
  },
];

for (const { name, model, code, says } of failures) {
  test(`${name} is inconclusive with its reason, never clean`, async () => {
    const { runner, calls } = fakeRunner(model);
    const result = await scanModel(dependencies({ runner }), request());
    assert.equal(result.verdict, 'inconclusive');
    assert.equal(result.reason?.code, code);
    assert.match(result.reason.message, says);
    assert.equal(result.model.digest, 'sha256:2222');
    assert.equal(calls.running, 0);
    assert.equal(calls.closed, model.open ? 0 : 1);
  });
}

test('after a failed shard no further one is started', async () => {
  const { runner, calls } = fakeRunner({
    workers: 1,
    runShard: () => Promise.reject(new ScanError('engine-failed', 'no')),
  });
  await scanModel(dependencies({ runner }), request());
  assert.equal(calls.shards, 1);
});

test('a model that is not there is inconclusive without a digest', async () => {
  const { runner, calls } = fakeRunner();
  const identify = () => Promise.reject(new ScanError('model-not-found', 'model.onnx: no such file'));
  const result = await scanModel(dependencies({ runner, identify }), request());
  assert.equal(result.reason?.code, 'model-not-found');
  assert.equal(result.model.digest, undefined);
  assert.equal(calls.opened, 0);
});

test('cancelling stops a scan whose engine does not answer, and closes the model', async () => {
  const controller = new AbortController();
  const { runner, calls } = fakeRunner({
    runShard: () =>
      new Promise(() =>
        setImmediate(() => {
          controller.abort();
        }),
      ),
  });
  const result = await scanModel(dependencies({ runner }), { ...request(), signal: controller.signal });
  assert.equal(result.reason?.code, 'cancelled');
  assert.equal(calls.closed, 1);
});

test('a scan cancelled beforehand starts nothing', async () => {
  const { runner, calls } = fakeRunner();
  const identify = () => Promise.reject(new Error('the file was read'));
  const result = await scanModel(dependencies({ runner, identify }), { ...request(), signal: AbortSignal.abort() });
  assert.equal(result.reason?.code, 'cancelled');
  assert.equal(calls.opened, 0);
});

test('the time limit ends a scan, also while a model opens; a model that opens late is closed', async () => {
  let opened = nothing;
  const { runner, calls } = fakeRunner({ open: () => new Promise((resolve) => (opened = resolve)) });
  let ring = nothing;
  const clock = {
    now: () => 0,
    after: (seconds: number, callback: () => void) => {
      assert.equal(seconds, 30);
      ring = callback;
      return nothing;
    },
  };
  const scan = scanModel(dependencies({ runner, clock }), { ...request(), timeoutSeconds: 30 });
  await new Promise((resolve) => setImmediate(resolve));
  ring();
  const result = await scan;
  assert.equal(result.reason?.code, 'engine-timeout');
  assert.match(result.reason.message, /model\.onnx.*30 s/);
  opened();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(calls.closed, 1);
});

test('a second scan of the same model, images and settings does no work and says so', async () => {
  const cache = memoryCache();
  const first = await scanModel(dependencies({ runner: fakeRunner({ target: 2 }).runner, cache }), request());
  const { runner, calls } = fakeRunner();
  const second = await scanModel(dependencies({ runner, cache }), { ...request(), path: 'copy.onnx' });
  assert.equal(calls.opened, 0);
  assert.equal(first.cached, false);
  assert.equal(second.cached, true);
  assert.equal(second.model.path, 'copy.onnx');
  assert.deepEqual(second.findings, first.findings);
});

test('other settings or class names are another scan', async () => {
  const cache = memoryCache();
  await scanModel(dependencies({ runner: fakeRunner().runner, cache }), request());
  const { runner, calls } = fakeRunner();
  await scanModel(dependencies({ runner, cache }), { ...request(), preprocessing: { mean: [0.5] } });
  await scanModel(dependencies({ runner, cache }), { ...request(), profile: { ...profile, version: 2 } });
  const classNames = Array.from({ length: 10 }, (_, i) => `sign ${i}`);
  await scanModel(dependencies({ runner, cache }), { ...request(), images: { ...images, classNames } });
  assert.equal(calls.opened, 3);
});

test('a failure is not remembered: the next run tries again', async () => {
  const cache = memoryCache();
  const broken = fakeRunner({ runShard: () => Promise.reject(new ScanError('engine-crashed', 'gone')) });
  await scanModel(dependencies({ runner: broken.runner, cache }), request());
  const result = await scanModel(dependencies({ runner: fakeRunner().runner, cache }), request());
  assert.equal(result.verdict, 'clean');
  assert.equal(result.cached, false);
});

test('progress goes through the stages and ends with done', async () => {
  const seen: ScanProgress[] = [];
  await scanModel(
    dependencies({ runner: fakeRunner().runner, onProgress: (progress) => seen.push(progress) }),
    request(),
  );
  const stages = [...new Set(seen.map(({ stage }) => stage))];
  assert.deepEqual(stages, ['identify', 'inspect', 'saliency', 'confirm', 'done']);
  const saliency = seen.filter(({ stage }) => stage === 'saliency');
  assert.equal(saliency.at(-1)?.done, saliency.at(-1)?.total);
});

/** Calls for help at once. */
const impatient = { now: () => 0, after: (_: number, ring: () => void) => (ring(), nothing) };

function request(): ScanRequest {
  return {
    path: 'model.onnx',
    images,
    preprocessing: {},
    profile,
    selection: {},
    limits: { maxModelBytes: 1e9, maxRunBytes: 1e9 },
  };
}

function dependencies(parts: Partial<ScanDependencies> & Pick<ScanDependencies, 'runner'>): ScanDependencies {
  return {
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
    clock: { now: () => performance.now() / 1000, after: () => nothing },
    identify: () => Promise.resolve({ digest: 'sha256:2222', bytes: 5, format: 'onnx' }),
    ...parts,
  };
}

function memoryCache(): ScanCache {
  const entries = new Map<string, ScanResult>();
  return {
    get: (id) => Promise.resolve(entries.get(id)),
    put: (id, result) => {
      entries.set(id, result);
      return Promise.resolve();
    },
  };
}

function nothing(): void {
  // Called back by a clock that never rings, or not at all.
}
