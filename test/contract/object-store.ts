import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ObjectStore } from '../../core/ports/object-store.js';
import { ScanError } from '../../core/scan/errors.js';
import { chunks, liveMegabytes, pieces, sha256, text } from './object-store/bodies.js';

export interface ObjectStoreContract {
  readonly name: string;
  /** An empty store. */
  readonly newStore: () => Promise<ObjectStore>;
}

/** What the pipeline relies on, wherever the objects lie. */
export function runObjectStoreContract({ name, newStore }: ObjectStoreContract): void {
  describe(`object store contract: ${name}`, () => {
    for (const [title, body] of Object.entries(behaviour)) it(title, async () => body(newStore));
  });
}

type Check = (newStore: ObjectStoreContract['newStore']) => Promise<void>;

const behaviour: Readonly<Record<string, Check>> = {
  'gives back what was put, byte for byte': async (newStore) => {
    const store = await newStore();
    const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index);
    await store.put('blobs/00/a.B_c-1', bytes, bytes.length);
    assert.deepEqual(await read(store, 'blobs/00/a.B_c-1'), bytes);
    assert.equal(await store.size('blobs/00/a.B_c-1'), 1000);
  },

  'keeps empty objects': async (newStore) => {
    const store = await newStore();
    await store.put('empty', new Uint8Array(0), 0);
    await store.put('empty-stream', chunks(0, 1), 0);
    for (const key of ['empty', 'empty-stream']) {
      assert.equal(await store.size(key), 0);
      assert.deepEqual(await read(store, key), new Uint8Array(0));
    }
  },

  'says undefined where there is no object, also for a folder of objects and below an object': async (newStore) => {
    const store = await newStore();
    await store.put('folder/object', text('x'), 1);
    for (const key of ['none', 'folder', 'folder/none', 'folder/object/none', 'none/none/none']) {
      assert.equal(await store.get(key), undefined, key);
      assert.equal(await store.size(key), undefined, key);
    }
  },

  'replaces an object by a longer and by a shorter one': async (newStore) => {
    const store = await newStore();
    for (const words of ['first', 'a much longer second', '3rd']) {
      await store.put('a/b', text(words), words.length);
      assert.deepEqual(await read(store, 'a/b'), text(words));
    }
  },

  'deletes one object only, and deleting what is not there is no error': async (newStore) => {
    const store = await newStore();
    await store.put('a/b', text('x'), 1);
    await store.put('a/c', text('y'), 1);
    for (const key of ['a/b', 'a/b', 'a', 'none/none']) await store.delete(key);
    assert.equal(await store.get('a/b'), undefined);
    assert.deepEqual(await read(store, 'a/c'), text('y'));
  },

  'lists the keys that start with a prefix, which may end within a name': async (newStore) => {
    const store = await newStore();
    for (const key of ['a/b', 'a/c/d', 'ab', 'abc/d', 'b/.hidden']) await store.put(key, text(key), key.length);
    const expected = {
      '': ['a/b', 'a/c/d', 'ab', 'abc/d', 'b/.hidden'],
      a: ['a/b', 'a/c/d', 'ab', 'abc/d'],
      'a/': ['a/b', 'a/c/d'],
      'a/c': ['a/c/d'],
      'a/c/d': ['a/c/d'],
      abc: ['abc/d'],
      'b/.': ['b/.hidden'],
      none: [],
      'none/': [],
      '../': [],
    };
    for (const [prefix, keys] of Object.entries(expected)) {
      const found = await listed(store, prefix);
      assert.deepEqual([...found.keys()].sort(), keys, prefix);
      for (const [key, bytes] of found) assert.equal(bytes, key.length);
    }
  },

  'refuses what is no key, in every call': async (newStore) => {
    const store = await newStore();
    const escapes = ['..', '.', '../x', 'a/../../x', 'a/./b', '/etc/passwd', '..\\x', 'C:\\x', 'file:x'];
    const odd = ['', '/', 'a/', 'a//b', 'a b', 'a\n', 'a\0', 'é', '~uploads/x', 'x%2F', 'x'.repeat(513)];
    for (const key of [...escapes, ...odd]) {
      await rejects(store.put(key, text('x'), 1), { retryable: false });
      await rejects(store.get(key), { retryable: false });
      await rejects(store.size(key), { retryable: false });
      await rejects(store.delete(key), { retryable: false });
    }
    assert.equal((await listed(store, '')).size, 0);
  },

  'takes keys of 512 characters': async (newStore) => {
    const store = await newStore();
    const key = ['a'.repeat(200), 'b'.repeat(200), 'c'.repeat(110)].join('/');
    assert.equal(key.length, 512);
    await store.put(key, text('x'), 1);
    assert.deepEqual(await read(store, key), text('x'));
    assert.deepEqual([...(await listed(store, key.slice(0, 300))).keys()], [key]);
  },

  'refuses a body of another length and leaves what was there': async (newStore) => {
    const store = await newStore();
    await store.put('kept', text('old'), 3);
    for (const key of ['kept', 'new']) {
      for (const announced of [0, 4, 6, 2 ** 40]) {
        await rejects(store.put(key, text('hello'), announced), { message: /bytes where \d+ were announced/ });
        await rejects(store.put(key, chunks(5, 2), announced), { message: /bytes where \d+ were announced/ });
      }
      // So large that a store may send it in parts.
      for (const announced of [large - 1, large + 1]) {
        await rejects(store.put(key, chunks(large), announced), { message: /were announced/ });
      }
    }
    assert.deepEqual(await read(store, 'kept'), text('old'));
    assert.deepEqual([...(await listed(store, '')).keys()], ['kept']);
  },

  'leaves nothing of a body that fails half-way': async (newStore) => {
    const store = await newStore();
    async function* failing(bytes: number) {
      yield* chunks(bytes);
      await Promise.reject(new Error('the source is gone'));
    }
    for (const bytes of [10, large - 10]) {
      await rejects(store.put('new', failing(bytes), large), { message: /the source is gone/ });
      assert.equal(await store.size('new'), undefined);
    }
  },

  'keeps 20 MB from a stream': async (newStore) => {
    const store = await newStore();
    await store.put('large', chunks(large), large);
    assert.equal(await store.size('large'), large);
    const found = await store.get('large');
    assert.equal(found?.bytes, large);
    assert.equal(await sha256(found.body), await sha256(chunks(large)));
  },

  'holds a few parts of a large object in memory': async (newStore) => {
    const store = await newStore();
    const megabyte = new Uint8Array(1 << 20);
    const before = liveMegabytes();
    let most = 0;
    async function* watched(body: AsyncIterable<Uint8Array>) {
      let seen = 0;
      for await (const chunk of body) {
        yield chunk;
        const then = seen;
        seen += chunk.length;
        if (seen >> 23 !== then >> 23) most = Math.max(most, liveMegabytes() - before);
      }
    }
    async function* megabytes() {
      for (let count = 0; count < 128; count++) yield await Promise.resolve(megabyte);
    }
    await store.put('large', watched(megabytes()), 128 << 20);
    assert.ok(most < 64, `${most} MB while writing 128 MB`);
    most = 0;
    let bytes = 0;
    for await (const chunk of watched((await store.get('large'))!.body)) bytes += chunk.length;
    assert.equal(bytes, 128 << 20);
    assert.ok(most < 64, `${most} MB while reading 128 MB`);
  },

  'keeps one whole object when many write the same key at once': async (newStore) => {
    const store = await newStore();
    const bodies = Array.from({ length: 8 }, (_, index) => new Uint8Array(300_000 + index).fill(index));
    await Promise.all(
      bodies.map((body, index) => store.put('a/b', index % 2 ? body : pieces(body, 100_000), body.length)),
    );
    const kept = await read(store, 'a/b');
    assert.ok(bodies.some((body) => Buffer.compare(body, kept!) === 0));
    assert.deepEqual([...(await listed(store, '')).keys()], ['a/b']);
  },

  'shows a reader the old or the new object, never a mixture': async (newStore) => {
    const store = await newStore();
    const bodies = Array.from({ length: 10 }, (_, index) => new Uint8Array(200_000 + index).fill(index));
    await store.put('a', bodies[0]!, bodies[0]!.length);
    const writer = { busy: true, done: Promise.resolve() };
    writer.done = (async () => {
      for (const body of bodies) await store.put('a', body, body.length);
    })().finally(() => (writer.busy = false));
    do {
      const seen = await read(store, 'a');
      assert.ok(bodies.some((body) => Buffer.compare(body, seen!) === 0));
    } while (writer.busy);
    await writer.done;
    assert.deepEqual(await read(store, 'a'), bodies.at(-1));
  },

  'lets go of a body that is not read to its end': async (newStore) => {
    const store = await newStore();
    await store.put('large', chunks(large), large);
    // More often than a pool has connections.
    for (let count = 0; count < 60; count++) {
      for await (const chunk of (await store.get('large'))!.body) {
        assert.ok(chunk.length > 0);
        break;
      }
    }
    assert.equal(await store.size('large'), large);
  },

  'agrees with a map after any sequence of calls': async (newStore) => {
    const key = fc.constantFrom('a', 'b/c', 'b/d', 'e/f/g');
    const step = fc.oneof(
      fc.record({ call: fc.constant('put' as const), key, body: fc.uint8Array({ maxLength: 40 }), split: fc.nat(9) }),
      fc.record({ call: fc.constant('delete' as const), key }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const store = await newStore();
        const model = new Map<string, Uint8Array>();
        for (const next of steps) {
          if (next.call === 'delete') {
            model.delete(next.key);
            await store.delete(next.key);
          } else {
            const { body, split } = next;
            model.set(next.key, body);
            await store.put(next.key, split === 0 ? body : pieces(body, split), body.length);
          }
        }
        assert.deepEqual(new Set((await listed(store, '')).keys()), new Set(model.keys()));
        for (const [name, body] of model) assert.deepEqual(await read(store, name), Uint8Array.from(body));
      }),
      { numRuns: 15 },
    );
  },
};

const large = 20 << 20;

export async function read(store: ObjectStore, key: string): Promise<Uint8Array | undefined> {
  const found = await store.get(key);
  if (!found) return undefined;
  const bytes: Uint8Array[] = [];
  for await (const chunk of found.body) bytes.push(chunk);
  const whole = Uint8Array.from(Buffer.concat(bytes));
  assert.equal(whole.length, found.bytes);
  return whole;
}

export async function rejects(
  call: Promise<unknown>,
  expected: { readonly retryable?: boolean; readonly message?: RegExp },
): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(error instanceof ScanError, String(error));
    assert.equal(error.code, 'storage-failed');
    if (expected.retryable !== undefined) assert.equal(error.retryable, expected.retryable, error.message);
    if (expected.message) assert.match(error.message, expected.message);
    return true;
  });
}

export async function listed(store: ObjectStore, prefix: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { key, bytes } of store.list(prefix)) {
    assert.ok(!found.has(key), `${key} is listed twice`);
    found.set(key, bytes);
  }
  return found;
}
