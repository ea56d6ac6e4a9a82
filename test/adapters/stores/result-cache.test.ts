import assert from 'node:assert/strict';
import { chownSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { openResultCache, type ResultCacheOptions } from '../../../adapters/stores/result-cache/result-cache.js';
import { parseExact, stringifyExact } from '../../../adapters/wire/json.js';
import type { ScanResult } from '../../../core/scan/result.js';

const id = (n: number) => n.toString(16).padStart(64, '0');

test('a result comes back bit by bit, pictures included', async (t) => {
  const { cache } = await open(t);
  assert.equal(await cache.get(id(1)), undefined);
  await cache.put(id(1), result(1));
  assert.deepEqual(await cache.get(id(1)), result(1));
});

test('all numbers survive the way through JSON', () => {
  fc.assert(
    fc.property(fc.float32Array(), fc.double(), (data, score) => {
      const decoded = parseExact(stringifyExact({ ...result(0), score, evidence: [{ data }] as never })) as ScanResult;
      assert.ok(Object.is(decoded.score, score));
      assert.deepEqual((decoded.evidence[0] as unknown as { data: Float32Array }).data, data);
    }),
  );
});

test('a truncated, edited or foreign entry counts as absent and is rewritten', async (t) => {
  const { cache, dir } = await open(t);
  const file = join(dir, `${id(1)}-a.json`);
  const damages = [
    async () => truncate(file, (await stat(file)).size - 20),
    async () => truncate(file, 0),
    async () => writeFile(file, (await readFile(file, 'utf8')).replace('"verdict":"clean"', '"verdict":"dirty"')),
    async () => writeFile(file, '{"schema":1}\n{}'),
    async () => writeFile(file, Buffer.from([0, 1, 2, 255])),
  ];
  for (const damage of damages) {
    await cache.put(id(1), result(1));
    assert.ok(await cache.get(id(1)));
    await damage();
    assert.equal(await cache.get(id(1)), undefined);
  }
});

test('results of another version of the program are not reused', async (t) => {
  const { cache, dir } = await open(t, { version: '1' });
  await cache.put(id(1), result(1));
  const newer = openResultCache({ dir, maxBytes: 1e6, version: '2', engine: 'a', warn: unexpected });
  assert.equal(await newer.get(id(1)), undefined);
});

test('results of another engine are not reused, nor replaced', async (t) => {
  const { cache, dir } = await open(t, { engine: 'a' });
  const other = openResultCache({ dir, maxBytes: 1e6, version: '1', engine: 'b', warn: unexpected });
  await cache.put(id(1), result(1));
  assert.equal(await other.get(id(1)), undefined);
  await other.put(id(1), result(2));
  assert.equal((await cache.get(id(1)))?.score, result(1).score);
  assert.equal((await other.get(id(1)))?.score, result(2).score);
});

test('the entries used longest ago go when the size limit is reached', async (t) => {
  const bytes = Buffer.byteLength(stringifyExact(result(1))) + 200;
  const { cache, dir } = await open(t, { maxBytes: 3 * bytes });
  for (const n of [1, 2, 3]) {
    await cache.put(id(n), result(n));
    await utimes(join(dir, `${id(n)}-a.json`), n, n);
  }
  await cache.get(id(1));
  await cache.put(id(4), result(4));
  const left = (await readdir(dir)).sort();
  assert.deepEqual(
    left,
    [1, 3, 4].map((n) => `${id(n)}-a.json`),
  );
});

test('what is too large for the whole cache does not empty it', async (t) => {
  const { cache } = await open(t, { maxBytes: 2000 });
  await cache.put(id(1), result(1));
  await cache.put(id(2), { ...result(2), evidence: [{ data: new Float32Array(2000) }] as never });
  assert.ok(await cache.get(id(1)));
  assert.equal(await cache.get(id(2)), undefined);
});

test('left-over temporary files of killed processes are removed', async (t) => {
  const { cache, dir } = await open(t);
  await cache.put(id(1), result(1));
  await writeFile(join(dir, 'x.tmp'), '');
  await utimes(join(dir, 'x.tmp'), 1, 1);
  await cache.put(id(2), result(2));
  assert.deepEqual((await readdir(dir)).sort(), [`${id(1)}-a.json`, `${id(2)}-a.json`]);
});

test('a cache folder that cannot be used warns once and fails nothing', async (t) => {
  const { dir } = await open(t);
  await writeFile(join(dir, 'file'), '');
  const warnings: string[] = [];
  const cache = openResultCache({
    dir: join(dir, 'file', 'sub'),
    maxBytes: 1e6,
    version: '1',
    engine: 'a',
    warn: (text) => warnings.push(text),
  });
  assert.equal(await cache.get(id(1)), undefined);
  await cache.put(id(1), result(1));
  await cache.put(id(2), result(2));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /not cached in .*file/);
});

test('a read-only cache is still read', async (t) => {
  const { cache, dir } = await open(t);
  await cache.put(id(1), result(1));
  await chmod(dir, 0o500);
  const restore = asOrdinaryUser(dir);
  try {
    assert.ok(await cache.get(id(1)));
  } finally {
    restore();
    await chmod(dir, 0o700);
  }
});

test('a scan id that is no hex digest never becomes a file name', async (t) => {
  const { cache, dir } = await open(t);
  await cache.put('../../escape', result(1));
  assert.equal(await cache.get('../../escape'), undefined);
  assert.deepEqual(await readdir(dir), []);
});

/** Root may write anywhere, so the folder is given to another user, and the rest of the test runs as that one. */
function asOrdinaryUser(dir: string): () => void {
  if (process.geteuid?.() !== 0) return () => undefined;
  const nobody = 65534;
  for (const path of [dir, ...readdirSync(dir).map((name) => join(dir, name))]) chownSync(path, nobody, nobody);
  process.seteuid!(nobody);
  return () => {
    process.seteuid!(0);
  };
}

async function open(t: TestContext, options: Partial<ResultCacheOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'neuroninspect-cache-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return {
    dir,
    cache: openResultCache({ dir, maxBytes: 1e6, version: '1', engine: 'a', warn: unexpected, ...options }),
  };
}

function result(n: number): ScanResult {
  const plane = { dims: [1, 2], data: Float32Array.of(n / 3, Number.NaN) };
  return {
    scanId: id(n),
    model: { path: 'model.onnx', digest: 'sha256:00' },
    verdict: 'clean',
    score: 0.1 + n,
    targetClasses: [],
    findings: [],
    classes: [{ index: 0, features: { 'guided.gain': 0.1 }, indices: { mass: -0 } }],
    detectors: [],
    evidence: [
      {
        classIndex: 0,
        trigger: {
          classIndex: 0,
          mask: plane,
          pattern: plane,
          image: { height: 1, width: 1 },
          box: { top: 0, left: 0, height: 1, width: 1 },
          boxShare: 1,
          maskMass: 1,
          attackSuccessRate: 0.5,
          energy: Number.POSITIVE_INFINITY,
          imagesFitted: 1,
          imagesJudged: 1,
        },
        probe: {
          classIndex: 0,
          flipRate: 0,
          patch: { flipRate: 0, rule: 'vanilla', top: 0, left: 0, size: 4 },
          blend: { flipRate: 0, rule: 'vanilla', alpha: 0.1 },
        },
        heatmaps: [],
        samples: [],
      },
    ],
    profile: { name: 'p', version: 1, hash: 'h' },
    images: { digest: 'sha256:11', count: 50, labelled: 50, accuracy: 0.98 },
    timings: { total: 1.5 },
    cached: false,
  };
}

function unexpected(message: string): never {
  throw new Error(`an unexpected warning: ${message}`);
}
