import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { loadImages } from '../../../adapters/images/load.js';
import { npyParts, readNpy, type NpyWritable } from '../../../adapters/images/npy.js';
import { readNpz, writeNpz } from '../../../adapters/images/npz.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { RawImageSet } from '../../../core/scan/images.js';
import { repoRoot } from '../../support/paths.js';
import { folderOf } from './pictures.js';

/**
 * Written by numpy.savez_compressed: numpy.arange(6).reshape(1, 2, 3), signed types minus 2, in many types;
 * `fortran` is numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)).
 */
const numpyFile = readFileSync(join(repoRoot, 'test', 'adapters', 'images', 'numpy.npz'));
const npy = (array: NpyWritable): Buffer => Buffer.concat(npyParts(array));
const header = (dict: string, values = Buffer.alloc(0), version = 1): Buffer => {
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  length.writeUIntLE(dict.length, 0, length.length);
  return Buffer.concat([
    Buffer.from('\x93NUMPY', 'latin1'),
    Buffer.from([version, 0]),
    length,
    Buffer.from(dict),
    values,
  ]);
};
const dict = (descr: string, shape: string): string =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
const fails =
  (code: ScanError['code'], ...says: RegExp[]) =>
  (thrown: unknown) => {
    assert.ok(thrown instanceof ScanError, String(thrown));
    assert.equal(thrown.code, code, thrown.message);
    for (const text of says) assert.match(thrown.message, text);
    return true;
  };

describe('arrays written by numpy are read', () => {
  const arrays = readNpz(numpyFile);
  const signed = [-2, -1, 0, 1, 2, 3];
  const unsigned = [0, 1, 2, 3, 4, 5];
  const expected: Record<string, number[]> = {
    ...Object.fromEntries(
      'half single single_big double byte short int long long_big'.split(' ').map((n) => [n, signed]),
    ),
    ...Object.fromEntries('ubyte ushort_big ulong'.split(' ').map((n) => [n, unsigned])),
    bool: [0, 1, 0, 1, 0, 1],
  };
  for (const [name, values] of Object.entries(expected)) {
    test(name, () => {
      assert.deepEqual(arrays.get(name)?.dims, [1, 2, 3]);
      assert.deepEqual(Array.from(arrays.get(name)!.data), values);
    });
  }

  test('Fortran order is undone, an empty array has no values', () => {
    assert.deepEqual(arrays.get('fortran')?.dims, [2, 3, 4]);
    assert.deepEqual(
      Array.from(arrays.get('fortran')!.data),
      Array.from({ length: 24 }, (_, i) => i),
    );
    assert.deepEqual([arrays.get('empty')?.dims, arrays.get('empty')?.data.length], [[0, 3], 0]);
    assert.equal(arrays.size, Object.keys(expected).length + 2);
  });

  test('format versions 2 and 3, a scalar, a Python 2 shape', () => {
    const values = Buffer.from(Float32Array.of(1, 2).buffer);
    for (const version of [2, 3])
      assert.deepEqual([...readNpy(header(dict('<f4', '(2,)'), values, version)).data], [1, 2]);
    assert.deepEqual(readNpy(header(dict('<f4', '()'), values.subarray(4))).dims, []);
    assert.deepEqual(readNpy(header(dict('<f4', '(1L, 2L)'), values)).dims, [1, 2]);
  });
});

describe('a damaged or dangerous array is refused with a reason', () => {
  const eight = Buffer.alloc(8);
  const cases: Record<string, [bytes: Buffer, says: RegExp]> = {
    'other data': [Buffer.from('PK\x03\x04 and more bytes'), /no \.npy data/],
    'an unknown version': [header(dict('<f4', '(2,)'), eight, 9), /version 9/],
    'Python objects': [header(dict('|O', '(2,)'), eight), /type \|O.*run code/],
    records: [header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", eight), /a record/],
    'complex numbers': [header(dict('<c8', '(1,)'), eight), /type <c8/],
    text: [header(dict('<U2', '(1,)'), eight), /type <U2/],
    'too few values': [header(dict('<f4', '(3,)'), eight), /cut short.*needs 12 bytes, there are 8/],
    'too many values': [header(dict('<f4', '(1,)'), eight), /more than one array/],
    'a shape beyond all memory': [header(dict('<f4', `(${'999999999, '.repeat(9)})`), eight), /cut short/],
    'a negative shape': [header(dict('<f4', '(-2,)'), eight), /damaged/],
    'a shape that is code': [header(dict('<f4', '(__import__("os"),)'), eight), /damaged/],
    'no shape': [header("{'descr': '<f4', 'fortran_order': False}", eight), /damaged/],
    'a header longer than the file': [header(dict('<f4', '(2,)')).subarray(0, 30), /damaged/],
  };
  for (const [name, [bytes, says]] of Object.entries(cases)) {
    test(name, () => {
      assert.throws(() => readNpy(bytes), says);
    });
  }

  test('any bytes end in arrays or an error', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        (changes, cut) => {
          const bytes = Uint8Array.from(numpyFile);
          for (const [place, value] of changes) bytes[place % bytes.length] = value;
          const kept = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
          try {
            readNpz(kept);
          } catch (thrown) {
            assert.ok(thrown instanceof Error && !(thrown instanceof TypeError), String(thrown));
          }
        },
      ),
    );
  });
});

describe('a written archive', () => {
  test('is read back value by value', async (t) => {
    const root = folderOf(t);
    const value = fc.oneof(
      fc.float32Array({ maxLength: 12 }),
      fc.int32Array({ maxLength: 12 }),
      fc.uint8Array({ maxLength: 12 }),
    );
    const arrays = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), value, { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(arrays, async (arrays) => {
        const path = join(root, 'o.npz');
        await writeNpz(
          path,
          Object.fromEntries(Object.entries(arrays).map(([n, data]) => [n, { dims: [data.length, 1], data }])),
        );
        const read = readNpz(readFileSync(path));
        assert.deepEqual([...read.keys()], Object.keys(arrays));
        for (const [name, data] of Object.entries(arrays)) {
          assert.deepEqual(read.get(name)?.dims, [data.length, 1]);
          assert.deepEqual(read.get(name)?.data, data);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('has the same bytes each time and values aligned to 64, as numpy maps them', async (t) => {
    const root = folderOf(t);
    const arrays = { logits: { dims: [2], data: Float32Array.of(1, 2) } };
    await writeNpz(join(root, 'a.npz'), arrays);
    await writeNpz(join(root, 'b.npz'), arrays);
    assert.deepEqual(readFileSync(join(root, 'a.npz')), readFileSync(join(root, 'b.npz')));
    assert.equal(npyParts(arrays.logits)[0].length % 64, 0);
  });

  test('leaves nothing behind where it cannot be written', async (t) => {
    const root = folderOf(t, { 'o.npz/taken': '' });
    await assert.rejects(
      writeNpz(join(root, 'o.npz'), { x: { dims: [1], data: Float32Array.of(1) } }),
      fails('output-unwritable', /o\.npz cannot be written/),
    );
    assert.deepEqual(readdirSync(root), ['o.npz']);
    await assert.rejects(writeNpz(join(root, 'no', 'o.npz'), {}), fails('output-unwritable'));
  });
});

describe('images from an array file', () => {
  const images = { dims: [4, 1, 1, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) };
  const load = async (...args: Parameters<typeof loadImages>): Promise<RawImageSet> => {
    const set = await loadImages(...args);
    assert.equal(set.kind, 'raw');
    return set;
  };
  const archive = async (root: string, arrays: Record<string, NpyWritable>): Promise<string> => {
    await writeNpz(join(root, 'x.npz'), arrays);
    return join(root, 'x.npz');
  };

  test('.npy: as they are, the first ones', async (t) => {
    const path = join(folderOf(t, { 'x.npy': npy(images) }), 'x.npy');
    const set = await load(path, { count: 3 });
    assert.deepEqual([set.count, set.dims, [...set.data]], [3, [3, 1, 1, 2], [0, 1, 2, 3, 4, 5]]);
    assert.deepEqual(set.labels, [undefined, undefined, undefined]);
    assert.match(set.digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual([...(await load(path, { count: 99 })).data], [...images.data]);
  });

  test('.npz: with labels, one of every class first unless the file order is asked for', async (t) => {
    const labels = { dims: [4], data: Int32Array.of(5, 5, 2, -1) };
    const path = await archive(folderOf(t), { labels, images, other: labels });
    const set = await load(path, { count: 3 });
    assert.deepEqual(
      [set.labels, [...set.data]],
      [
        [2, 5, undefined],
        [4, 5, 0, 1, 6, 7],
      ],
    );
    const inOrder = await load(path, { count: 3, order: 'file' });
    assert.deepEqual(
      [inOrder.labels, [...inOrder.data]],
      [
        [5, 5, 2],
        [0, 1, 2, 3, 4, 5],
      ],
    );
    assert.notEqual(set.digest, inOrder.digest);
  });

  test('.npz: the array x, or the only one beside the labels y', async (t) => {
    const y = { dims: [4], data: Int32Array.of(0, 1, 2, 3) };
    for (const name of ['x', 'anything']) {
      const set = await load(await archive(folderOf(t), { [name]: images, y }), { count: 9 });
      assert.deepEqual(
        [set.labels, set.dims],
        [
          [0, 1, 2, 3],
          [4, 1, 1, 2],
        ],
      );
    }
  });

  test('labels from a file of their own', async (t) => {
    const root = folderOf(t, {
      'x.npy': npy(images),
      'y.npy': npy({ dims: [4, 1], data: Uint8Array.of(3, 2, 1, 0) }),
      'y.csv': '',
    });
    const set = await load(join(root, 'x.npy'), { count: 9, labels: join(root, 'y.npy'), order: 'file' });
    assert.deepEqual(set.labels, [3, 2, 1, 0]);
    await assert.rejects(
      load(join(root, 'x.npy'), { count: 9, labels: join(root, 'y.csv') }),
      fails('images-unreadable', /y\.csv cannot label an array/),
    );
  });

  test('what is refused', async (t) => {
    const root = folderOf(t);
    const rejects = async (arrays: Record<string, NpyWritable>, ...says: Parameters<typeof fails>): Promise<void> => {
      await assert.rejects(
        archive(root, arrays).then((path) => load(path, { count: 9 })),
        fails(...says),
      );
    };
    await rejects({ a: images, b: images }, 'images-unreadable', /arrays a, b: name the model input "images"/);
    await rejects({}, 'images-unreadable', /no array of images/);
    await rejects({ x: { dims: [0, 2], data: new Float32Array() } }, 'images-missing', /no images/);
    await rejects({ x: { dims: [2], data: Float32Array.of(1, 2) } }, 'images-unreadable', /first axis must count/);
    const odd = { dims: [2, 2], data: Float32Array.of(1, 2, 3, Number.NaN) };
    await rejects({ x: odd }, 'images-unreadable', /holds NaN in image 1/);
    await rejects(
      { images, labels: { dims: [3], data: Int32Array.of(1, 2, 3) } },
      'images-unreadable',
      /labels of shape \(3\) for 4 images/,
    );
    await rejects(
      { images, y: { dims: [4], data: Float32Array.of(1, 2, 3, 0.5) } },
      'images-unreadable',
      /image 3 the label 0.5/,
    );
    writeFileSync(join(root, 'x.npz'), 'no archive');
    await assert.rejects(
      load(join(root, 'x.npz'), { count: 1 }),
      fails('images-unreadable', /x\.npz is no zip archive/),
    );
  });

  test('an archive bomb is refused before it is unpacked, one that lies about its size while it is', async (t) => {
    const root = folderOf(t);
    const path = await archive(root, { x: { dims: [1, 1000], data: new Float32Array(1000) } });
    const small = { count: 1, limits: { maxArrayBytes: 100_000 } };
    await load(path, small);
    writeFileSync(path, deflated('x.npy', npy({ dims: [1, 1e6], data: new Float32Array(1e6) })));
    await assert.rejects(load(path, small), fails('images-unreadable', /unpacks to 4000128 bytes/));
    writeFileSync(path, deflated('x.npy', npy({ dims: [1, 1e6], data: new Float32Array(1e6) }), 1000));
    await assert.rejects(load(path, { count: 1 }), fails('images-unreadable', /x\.npy is damaged/));
  });
});

/** A zip archive of one deflated file that declares `size` bytes. */
function deflated(name: string, data: Buffer, size = data.length): Buffer {
  const packed = deflateRawSync(data);
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(8, 4);
  fields.writeUInt32LE(packed.length, 14);
  fields.writeUInt32LE(size, 18);
  fields.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), packed]);
  const central = Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), fields, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), end]);
}
