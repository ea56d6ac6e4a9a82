import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { modelDigest } from '../../../adapters/formats/digest.js';
import { putBlob } from '../../../adapters/stores/objects/blobs.js';
import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import type { ModelReference } from '../../../core/pipeline/order.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { openModelCache, type ModelCache } from '../../../services/worker/model-cache.js';

const kilobyte = 1000;
let folder: string;
let store: ObjectStore;
let requests: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neuroninspect-models-'));
  store = createFileObjectStore(join(folder, 'objects'));
  requests = [];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function open(maxBytes = 10 * kilobyte, objects: ObjectStore = store): Promise<ModelCache> {
  return openModelCache({
    store: objects,
    dir: join(folder, 'cache'),
    maxBytes,
    onRequest: (outcome) => requests.push(outcome),
  });
}

async function model(name: string, files: Record<string, Uint8Array> = {}): Promise<ModelReference> {
  const all = Object.keys(files).length > 0 ? files : { 'm.onnx': content(name) };
  return {
    name,
    digest: modelDigest(new Map(Object.entries(all))),
    format: 'onnx',
    files: await Promise.all(
      Object.entries(all).map(async ([path, bytes]) => ({ path, ...(await putBlob(store, bytes)) })),
    ),
  };
}

/** One kilobyte. */
function content(seed: string): Uint8Array {
  return new Uint8Array(kilobyte).map((_, i) => seed.charCodeAt(i % seed.length) + i);
}

function kept(): string[] {
  return readdirSync(join(folder, 'cache', 'models')).sort();
}

function hex({ digest }: ModelReference): string {
  return digest.slice('sha256:'.length);
}

async function use(cache: ModelCache, reference: ModelReference): Promise<void> {
  (await cache.acquire(reference)).release();
}

describe('model cache of a worker', () => {
  it('fetches a model once, also for tasks that ask at the same time, under any file name', async () => {
    const cache = await open();
    const a = await model('a');
    const leases = await Promise.all([cache.acquire(a), cache.acquire(a)]);
    const renamed = { ...a, files: [{ ...a.files[0]!, path: 'other.onnx' }] };
    leases.push(await cache.acquire(renamed));
    for (const lease of leases) {
      assert.deepEqual(new Uint8Array(readFileSync(lease.path)), content('a'));
      lease.release();
    }
    assert.equal(requests.at(-1), 'hit');
    assert.equal(cache.bytes, kilobyte);
    assert.deepEqual(kept(), [hex(a)]);
  });

  it('lays out the files of a model as they were pushed', async () => {
    const cache = await open();
    const several = await model('several', { 'net.onnx': content('n'), 'data/w.bin': content('w') });
    const lease = await cache.acquire(several);
    assert.deepEqual(new Uint8Array(readFileSync(join(dirname(lease.path), 'data', 'w.bin'))), content('w'));
    lease.release();
  });

  for (const path of ['../out', '/etc/passwd', 'a/../../b', 'a\\..\\b', '', '.', 'C:x', 'a\0b']) {
    it(`refuses a file called ${JSON.stringify(path)}`, async () => {
      const cache = await open();
      const bytes = content('x');
      const blob = await putBlob(store, bytes);
      for (const files of [
        [{ path, ...blob }],
        [
          { path: 'm.onnx', ...blob },
          { path, ...blob },
        ],
      ]) {
        const digest = modelDigest(new Map(files.map((file) => [file.path, bytes])));
        await assert.rejects(cache.acquire({ name: 'bad', digest, format: 'onnx', files }), {
          code: 'model-unreadable',
        });
      }
      assert.deepEqual(kept(), []);
    });
  }

  it('refuses files that do not have the digest of the model', async () => {
    const cache = await open();
    const [a, b] = [await model('a'), await model('b')];
    await assert.rejects(cache.acquire({ ...a, files: b.files }), { code: 'model-unreadable', message: /digest/ });
    await assert.rejects(cache.acquire({ ...a, digest: 'sha256:../../x' }), { code: 'model-unreadable' });
  });

  it('fetches nothing of a model above the limit of the order', async () => {
    const cache = await open();
    const a = await model('a');
    await assert.rejects(cache.acquire(a, kilobyte - 1), { code: 'model-too-large' });
    assert.deepEqual(requests, []);
    (await cache.acquire(a, kilobyte)).release();
  });

  it('keeps nothing of a model whose blobs are missing or damaged, and fetches it once they are there', async () => {
    const cache = await open();
    const a = await model('a');
    const { sha256 } = a.files[0]!;
    const key = `blobs/${sha256.slice(0, 2)}/${sha256}`;
    await store.put(key, content('z'), kilobyte);
    await assert.rejects(cache.acquire(a), { code: 'storage-failed' });
    await store.delete(key);
    await assert.rejects(cache.acquire(a), { code: 'storage-failed' });
    assert.deepEqual(kept(), []);
    assert.equal(cache.bytes, 0);
    await store.put(key, content('a'), kilobyte);
    await use(cache, a);
  });

  it('removes the models that were not used for longest, never one in use', async () => {
    const cache = await open(2 * kilobyte);
    const [a, b, c] = [await model('a'), await model('b'), await model('c')];
    const inUse = await cache.acquire(a);
    await use(cache, b);
    await use(cache, c);
    assert.deepEqual(kept(), [hex(a), hex(c)].sort());
    inUse.release();
    await use(cache, b);
    assert.deepEqual(kept(), [hex(b), hex(c)].sort());
    assert.equal(cache.bytes, 2 * kilobyte);
  });

  it('waits for room while all models are in use', async () => {
    const cache = await open(kilobyte);
    const [a, b] = [await model('a'), await model('b')];
    const inUse = await cache.acquire(a);
    let got = false;
    const waiting = cache.acquire(b).then((lease) => {
      got = true;
      return lease;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(got, false);
    assert.ok(existsSync(inUse.path));
    inUse.release();
    (await waiting).release();
    assert.deepEqual(kept(), [hex(b)]);
  });

  it('takes a model larger than the cache once nothing else is there', async () => {
    const cache = await open(kilobyte / 2);
    await use(cache, await model('a'));
    const b = await model('b');
    await use(cache, b);
    assert.deepEqual(kept(), [hex(b)]);
  });

  it('finds its models after a restart, oldest first, and removes what was left half-done', async () => {
    const [a, b, c] = [await model('a'), await model('b'), await model('c')];
    const first = await open();
    await use(first, a);
    await use(first, b);
    const models = join(folder, 'cache', 'models');
    mkdirSync(join(models, `${hex(c)}.tmp-${process.pid}-1`));
    writeFileSync(join(models, `${hex(c)}.tmp-${process.pid}-1`, 'm.onnx'), 'half');
    writeFileSync(join(models, 'stray'), '');
    const again = await open(2 * kilobyte);
    assert.equal(again.bytes, 2 * kilobyte);
    assert.equal(kept().length, 2);
    requests = [];
    await use(again, b);
    assert.deepEqual(requests, ['hit']);
    await use(again, c);
    assert.deepEqual(kept(), [hex(b), hex(c)].sort());
  });

  it('fetches a model again whose file was cut, removed or changed on the disk', async () => {
    const cache = await open();
    const a = await model('a');
    const lease = await cache.acquire(a);
    const { path } = lease;
    assert.equal(await lease.repair(), false);
    writeFileSync(path, content('b'));
    assert.equal(await lease.repair(), true);
    assert.deepEqual(new Uint8Array(readFileSync(path)), content('a'));
    lease.release();
    for (const damage of ['cut', 'removed']) {
      if (damage === 'cut') truncateSync(path, 10);
      else rmSync(dirname(path), { recursive: true });
      await use(cache, a);
      assert.deepEqual(new Uint8Array(readFileSync(path)), content('a'));
    }
  });

  it('makes room when the disk is full before its own limit is reached, and says so when there is none', async () => {
    const disk = { free: 2 };
    const full: ObjectStore = {
      ...store,
      get: async (key) => {
        const models = kept().filter((name) => !name.includes('.tmp-')).length;
        if (models >= disk.free) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        return store.get(key);
      },
    };
    const cache = await open(10 * kilobyte, full);
    const [a, b, c] = [await model('a'), await model('b'), await model('c')];
    await use(cache, a);
    const inUse = await cache.acquire(b);
    await use(cache, c);
    assert.deepEqual(kept(), [hex(b), hex(c)].sort());
    disk.free = 1;
    await assert.rejects(cache.acquire(a), { code: 'storage-failed', retryable: true });
    assert.ok(existsSync(inUse.path));
    disk.free = 2;
    await use(cache, a);
    assert.equal(createHash('sha256').update(readFileSync(inUse.path)).digest('hex'), hex(b));
    inUse.release();
  });
});
