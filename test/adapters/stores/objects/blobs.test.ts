import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import {
  blobKey,
  getBlob,
  getBlobFile,
  hasBlob,
  putBlob,
  putBlobFile,
  reportKey,
  resultKey,
} from '../../../../adapters/stores/objects/blobs.js';
import { createFileObjectStore } from '../../../../adapters/stores/objects/file.js';
import type { ObjectStore } from '../../../../core/ports/object-store.js';
import { rejects } from '../../../contract/object-store.js';

const folder = await mkdtemp(join(tmpdir(), 'neuroninspect-blobs-'));
after(() => rm(folder, { recursive: true, force: true }));
let made = 0;
const newDir = () => join(folder, String(made++));
const newStore = () => createFileObjectStore(newDir());
const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const blob = { sha256, bytes: bytes.length };

it('finds a blob again by its sha256, whether it came from memory or from a file', async () => {
  const path = newDir();
  await writeFile(path, bytes);
  for (const put of [(store: ObjectStore) => putBlob(store, bytes), (store: ObjectStore) => putBlobFile(store, path)]) {
    const store = newStore();
    assert.equal(await hasBlob(store, blob), false);
    assert.deepEqual(await put(store), blob);
    assert.equal(await store.size(`blobs/${sha256.slice(0, 2)}/${sha256}`), bytes.length);
    assert.equal(await hasBlob(store, blob), true);
    assert.deepEqual(await getBlob(store, blob, bytes.length), bytes);
    const fetched = newDir();
    await getBlobFile(store, blob, fetched);
    assert.deepEqual(new Uint8Array(await readFile(fetched)), bytes);
  }
});

it('does not upload again what is there, but replaces what has another size', async () => {
  const store = newStore();
  let uploads = 0;
  const counting: ObjectStore = {
    ...store,
    put: (...args) => {
      uploads++;
      return store.put(...args);
    },
  };
  const path = newDir();
  await writeFile(path, bytes);
  await putBlob(counting, bytes);
  await putBlob(counting, bytes);
  await putBlobFile(counting, path);
  assert.equal(uploads, 1);
  await store.put(blobKey(blob), bytes.subarray(1), bytes.length - 1);
  await putBlobFile(counting, path);
  assert.equal(uploads, 2);
  assert.deepEqual(await getBlob(store, blob, bytes.length), bytes);
});

it('keeps empty files', async () => {
  const store = newStore();
  const path = newDir();
  await writeFile(path, '');
  const empty = await putBlobFile(store, path);
  assert.deepEqual(await getBlob(store, empty, 0), new Uint8Array(0));
});

it('refuses a blob that is missing, longer, shorter, changed or too large', async () => {
  const changed = Uint8Array.from(bytes).fill(0, 1000, 1001);
  changed[1000] = bytes[1000]! ^ 1;
  const stored = { longer: Buffer.concat([bytes, Buffer.of(0)]), shorter: bytes.subarray(1), changed };
  const target = newDir();
  for (const body of Object.values(stored)) {
    const store = newStore();
    await store.put(blobKey(blob), body, body.length);
    await rejects(getBlob(store, blob, 1 << 20), { retryable: true, message: new RegExp(`instead of.*${sha256}`) });
    await rejects(getBlobFile(store, blob, target), { message: /instead of/ });
  }
  const store = newStore();
  await rejects(getBlob(store, blob, 1 << 20), { retryable: false, message: /is not in the object store/ });
  await rejects(getBlobFile(store, blob, target), { message: /is not in the object store/ });
  await putBlob(store, bytes);
  await rejects(getBlob(store, blob, bytes.length - 1), { retryable: false, message: /more than the 299999 allowed/ });
  // Neither a target nor a half of one.
  const left = (await readdir(folder)).filter((name) => join(folder, name).startsWith(target));
  assert.deepEqual(left, []);
});

it('stops reading at the first byte too much', async () => {
  let given = 0;
  async function* endless() {
    for (;;) {
      given += 100_000;
      yield await Promise.resolve(new Uint8Array(100_000));
    }
  }
  const store: ObjectStore = { ...newStore(), get: () => Promise.resolve({ bytes: bytes.length, body: endless() }) };
  await rejects(getBlob(store, blob, 1 << 20), { message: /more than 300000 bytes/ });
  assert.ok(given <= 500_000);
});

it('does not store a file that changes while it is uploaded', async () => {
  const path = newDir();
  await writeFile(path, bytes);
  const inner = newStore();
  const store: ObjectStore = {
    ...inner,
    put: async (key, body, size) => {
      await writeFile(path, new Uint8Array(bytes.length));
      await inner.put(key, body, size);
    },
  };
  await rejects(putBlobFile(store, path), { message: /instead of/ });
  assert.equal(await hasBlob(inner, blob), false);
});

it('reports a file that cannot be read or written', async () => {
  const store = newStore();
  await rejects(putBlobFile(store, newDir()), { message: /ENOENT/ });
  await putBlob(store, bytes);
  await rejects(getBlobFile(store, blob, join(newDir(), 'none', 'file')), { retryable: true, message: /ENOENT/ });
});

it('opens no path by a name that is no sha256', async () => {
  for (const name of ['', '../../etc/passwd', sha256.toUpperCase(), `${sha256}0`]) {
    await rejects(getBlob(newStore(), { sha256: name, bytes: 1 }, 10), { retryable: false, message: /no sha256/ });
  }
});

it('has a place for reports and for the result they are written from', () => {
  assert.equal(reportKey('5ca9', 'json'), 'reports/5ca9/report.json');
  assert.equal(reportKey('5ca9', 'html'), 'reports/5ca9/report.html');
  assert.equal(resultKey('5ca9'), 'reports/5ca9/result.json');
});
