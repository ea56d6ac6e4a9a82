import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { digestOfArray } from '../../../adapters/images/digest.js';
import { putBlob } from '../../../adapters/stores/objects/blobs.js';
import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import { encodeImageSet } from '../../../adapters/wire/image-set.js';
import type { ImagesReference } from '../../../core/pipeline/order.js';
import { createImageCache } from '../../../services/worker/image-cache.js';

const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-images-'));
const store = createFileObjectStore(folder);
after(() => {
  rmSync(folder, { recursive: true });
});

/** About four kilobytes. */
async function imagesOf(value: number): Promise<ImagesReference> {
  const [dims, data, labels] = [[1, 1000], new Float32Array(1000).fill(value), [undefined]];
  const digest = digestOfArray(dims, data, labels);
  const blob = await putBlob(store, encodeImageSet({ kind: 'raw', digest, count: 1, dims, data, labels }));
  return { digest, count: 1, labelled: 0, ...blob };
}

describe('image cache of a worker', () => {
  it('fetches a set once for all tasks and keeps as many as fit', async () => {
    const requests: string[] = [];
    let downloaded = 0;
    const cache = createImageCache({
      store,
      maxBytes: 10_000,
      onRequest: (outcome) => requests.push(outcome),
      onDownload: () => downloaded++,
    });
    const [a, b, c] = [await imagesOf(1), await imagesOf(2), await imagesOf(3)];
    const sets = await Promise.all([cache.get(a), cache.get(a)]);
    assert.equal(sets[0], sets[1]);
    assert.equal(downloaded, 1);
    for (const set of [b, a, c, a]) await cache.get(set);
    assert.deepEqual(requests.slice(2), ['miss', 'hit', 'miss', 'hit']);
    await cache.get(b);
    assert.equal(requests.at(-1), 'miss');
  });

  it('refuses images that are not those of the order, for good, and waits for those that are not there', async () => {
    const cache = createImageCache({ store, maxBytes: 10_000 });
    const [a, b] = [await imagesOf(1), await imagesOf(2)];
    await assert.rejects(cache.get({ ...a, digest: b.digest }), { code: 'images-unreadable' });
    const junk = await putBlob(store, Buffer.from('junk'));
    await assert.rejects(cache.get({ ...a, ...junk }), { code: 'images-unreadable' });
    await assert.rejects(cache.get({ ...a, sha256: 'f'.repeat(64) }), { code: 'storage-failed' });
    await cache.get(a);
  });
});
