import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { interleaveClasses } from '../../../adapters/images/choose.js';
import { loadImages } from '../../../adapters/images/load.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { PixelImageSet } from '../../../core/scan/images.js';
import { hasShared, repoRoot, sharedDir } from '../../support/paths.js';
import { folderOf, grayPng, rgbPng } from './pictures.js';

const load = async (...args: Parameters<typeof loadImages>): Promise<PixelImageSet> => {
  const set = await loadImages(...args);
  assert.equal(set.kind, 'pixels');
  return set;
};
const names = (set: PixelImageSet): string[] => set.images.map((image) => image.name);
const fails =
  (code: ScanError['code'], ...says: RegExp[]) =>
  (thrown: unknown) => {
    assert.ok(thrown instanceof ScanError, String(thrown));
    assert.equal(thrown.code, code, thrown.message);
    for (const text of says) assert.match(thrown.message, text);
    return true;
  };

describe('images are chosen in a known order', () => {
  test('by name in code-unit order, without labels', async (t) => {
    const png = await grayPng(1);
    const root = folderOf(t, { 'b.png': png, 'a10.PNG': png, 'a2.png': png, 'B.png': png, 'notes.txt': 'x' });
    assert.deepEqual(names(await load(root, { count: 9 })), ['B.png', 'a10.PNG', 'a2.png', 'b.png']);
    assert.deepEqual(names(await load(root, { count: 2 })), ['B.png', 'a10.PNG']);
  });

  test('one of every class first, so that a folder sorted by class is not one class only', async (t) => {
    const png = await grayPng(1);
    const root = folderOf(t, {
      'cat/1.png': png,
      'cat/2.png': png,
      'cat/3.png': png,
      'dog/1.png': png,
      'eel/1.png': png,
    });
    const set = await load(root, { count: 4 });
    assert.deepEqual(names(set), ['cat/1.png', 'dog/1.png', 'eel/1.png', 'cat/2.png']);
    assert.deepEqual(set.labels, [0, 1, 2, 0]);
    assert.deepEqual(set.classNames, ['cat', 'dog', 'eel']);
    assert.deepEqual(names(await load(root, { count: 2, order: 'file' })), ['cat/1.png', 'cat/2.png']);
  });

  test('the examples, whose names already sort class by class, keep their name order', async () => {
    const set = await load(join(repoRoot, 'examples', 'images'), { count: 25 });
    assert.deepEqual(names(set).slice(8, 12), ['00_c08.png', '00_c09.png', '01_c00.png', '01_c01.png']);
    assert.deepEqual(set.labels.slice(0, 11), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    assert.equal(set.classNames?.length, 10);
  });

  for (const name of ['digits', 'fashion', 'signs']) {
    test(`the first images of ${name}`, { skip: !hasShared && 'shared data is not there' }, async () => {
      const root = join(sharedDir, 'zoo', 'images', name);
      const all = names(await load(root, { count: 1000, order: 'file' }));
      assert.deepEqual(names(await load(root, { count: 50 })), all.slice(0, 50));
    });
  }

  test('every choice holds distinct images, as many as asked for, and class counts differ by at most one where possible', () => {
    const labels = fc.array(fc.option(fc.nat(4), { nil: undefined }), { maxLength: 40 });
    fc.assert(
      fc.property(labels, fc.integer({ min: 1, max: 50 }), (labels, count) => {
        const chosen = interleaveClasses(labels, count);
        assert.equal(chosen.length, Math.min(count, labels.length));
        assert.equal(new Set(chosen).size, chosen.length);
        const held = (positions: readonly number[], label: number | undefined): number =>
          positions.filter((i) => labels[i] === label).length;
        const every = labels.map((_, i) => i);
        const most = Math.max(0, ...labels.map((label) => held(chosen, label)));
        for (const label of labels) {
          assert.ok(held(chosen, label) >= Math.min(most - 1, held(every, label)));
        }
      }),
    );
  });
});

describe('labels', () => {
  test('labels.json with classes and images', async (t) => {
    const [a, b] = [await grayPng(1), await grayPng(2)];
    const json = {
      classes: ['zebra', 'ant'],
      images: [
        { file: 'a.png', label: 1 },
        { file: 'b.png', label: 'zebra' },
      ],
    };
    const set = await load(folderOf(t, { 'a.png': a, 'b.png': b, 'labels.json': JSON.stringify(json) }), { count: 9 });
    assert.deepEqual(
      [names(set), set.labels, set.classNames],
      [
        ['b.png', 'a.png'],
        [0, 1],
        ['zebra', 'ant'],
      ],
    );
  });

  test('labels.json as a plain map; an image that it does not name has no label', async (t) => {
    const png = await grayPng(1);
    const root = folderOf(t, { 'a.png': png, 'b.png': png, 'c.png': png, 'labels.json': '{"b.png": 7, "c.png": 3}' });
    const set = await load(root, { count: 9 });
    assert.deepEqual(
      [names(set), set.labels, set.classNames],
      [['c.png', 'b.png', 'a.png'], [3, 7, undefined], undefined],
    );
  });

  const tables: Record<string, { text: string; labels: (number | undefined)[]; classNames?: string[] }> = {
    'numbers without a header': { text: 'a.png,4\nb.png,2\n', labels: [4, 2] },
    'numbers with a header, Windows lines, byte-order mark': {
      text: '\uFEFFFile,Label\r\na.png,4\r\nb.png,2\r\n',
      labels: [4, 2],
    },
    'names are numbered in sorted order': {
      text: 'file,label\na.png,"dog, big"\nb.png,cat\n',
      labels: [1, 0],
      classNames: ['cat', 'dog, big'],
    },
    'the columns of GTSRB': { text: 'Filename;Width;Height;ClassId\na.png;3;2;14\nb.png;3;2;0\n', labels: [14, 0] },
    'tabs, folders, quotes': { text: './a.png\t1\n"b.png"\t"0"\n', labels: [1, 0] },
    'rows of other files': { text: 'z.png,9\na.png,1\nb.png,1\n', labels: [1, 1] },
  };
  for (const [name, { text, labels, classNames }] of Object.entries(tables)) {
    test(`labels.csv: ${name}`, async (t) => {
      const png = await grayPng(1);
      const root = folderOf(t, { 'a.png': png, 'b.png': png, 'labels.csv': text });
      const set = await load(root, { count: 9, order: 'file' });
      assert.deepEqual([set.labels, set.classNames], [labels, classNames]);
    });
  }

  test('a table elsewhere names files relative to itself or to the images, and goes before sub-folders', async (t) => {
    const png = await grayPng(1);
    const root = folderOf(t, {
      'pics/cat/a.png': png,
      'pics/dog/b.png': png,
      'truth.csv': 'pics/cat/a.png,5\ndog\\b.png,6\n',
    });
    const set = await load(join(root, 'pics'), { count: 9, labels: join(root, 'truth.csv') });
    assert.deepEqual(
      [names(set), set.labels],
      [
        ['cat/a.png', 'dog/b.png'],
        [5, 6],
      ],
    );
  });

  test('sub-folders with numbers are the class numbers', async (t) => {
    const png = await grayPng(1);
    const set = await load(folderOf(t, { '00014/a.png': png, '00002/b.png': png }), { count: 9 });
    assert.deepEqual([set.labels, set.classNames], [[2, 14], undefined]);
  });

  test('an empty class folder still counts, a single folder is no class', async (t) => {
    const png = await grayPng(1);
    const root = folderOf(t, { 'cat/a.png': png });
    assert.deepEqual((await load(root, { count: 9 })).labels, [undefined]);
    mkdirSync(join(root, 'ant'));
    assert.deepEqual((await load(root, { count: 9 })).labels, [1]);
  });

  const broken: Record<string, [file: string, text: string, says: RegExp]> = {
    'no JSON': ['labels.json', '{"a.png": ', /labels\.json is no JSON/],
    'an entry without label': ['labels.json', '{"images": [{"file": "a.png"}]}', /entry 1 .* write \{/],
    'classes that are no names': ['labels.json', '{"classes": [1], "images": []}', /list of class names/],
    'a label beyond the classes': [
      'labels.json',
      '{"classes": ["x"], "images": [{"file": "a.png", "label": 1}]}',
      /a\.png has the label 1/,
    ],
    'an unknown class name': [
      'labels.json',
      '{"classes": ["x"], "images": [{"file": "a.png", "label": "y"}]}',
      /label y, which is no class/,
    ],
    'a negative label': ['labels.json', '{"a.png": -1, "b.png": 0}', /a\.png has the label -1/],
    'a row of one cell': ['labels.csv', 'a.png,1\nb.png\n', /line 2 .* write file,label/],
    'an open quote': ['labels.csv', 'a.png,"1\n', /line 1 opens a quote/],
    'two labels for one image': ['labels.csv', 'a.png,1\na.png,2\n', /a\.png two labels, 1 and 2/],
    'names of other images only': [
      'labels.csv',
      'q.png,1\n',
      /labels none of the images: it begins with q\.png.*like a\.png/,
    ],
  };
  for (const [name, [file, text, says]] of Object.entries(broken)) {
    test(`refused: ${name}`, async (t) => {
      const root = folderOf(t, { 'a.png': await grayPng(1), 'b.png': await grayPng(1), [file]: text });
      await assert.rejects(load(root, { count: 9 }), fails('images-unreadable', says));
    });
  }

  test('refused: a labels file that does not exist', async (t) => {
    const root = folderOf(t, { 'a.png': await grayPng(1) });
    await assert.rejects(load(root, { count: 9, labels: join(root, 'no.csv') }), fails('images-missing', /no\.csv/));
  });
});

describe('nothing to read, or not all of it readable', () => {
  test('no such folder, an empty one, one of other files, a file of another kind', async (t) => {
    const root = folderOf(t, { 'model.onnx': 'x', 'sub/.hidden.png': 'x' });
    const formats = /PNG, JPEG or WebP.*\.npy or \.npz/;
    await assert.rejects(load(join(root, 'nope'), { count: 1 }), fails('images-missing', /nope: no such/, formats));
    await assert.rejects(load(root, { count: 1 }), fails('images-missing', /holds no images/, formats));
    await assert.rejects(
      load(join(root, 'model.onnx'), { count: 1 }),
      fails('images-missing', /no image file/, formats),
    );
    await assert.rejects(load(root, { count: 0 }), fails('usage'));
  });

  test('corrupt images among good ones are all named, up to five', async (t) => {
    const good = await grayPng(1);
    const bad = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`bad${i}.png`, good.subarray(0, 30)]));
    const root = folderOf(t, { 'good.png': good, ...bad, 'none.png': '' });
    await assert.rejects(
      load(root, { count: 99 }),
      fails('images-unreadable', /^8 of 9 images/, /bad0\.png \(.*bad4\.png \([^)]*\) and 3 more/),
    );
    await assert.rejects(load(root, { count: 99 }), (thrown: Error) => !thrown.message.includes('bad5'));
  });

  test('an empty file and a link to nowhere', async (t) => {
    const root = folderOf(t, { 'empty.png': '' });
    symlinkSync(join(root, 'gone'), join(root, 'link.png'));
    await assert.rejects(load(root, { count: 9 }), fails('images-unreadable', /empty\.png \(is empty\)/, /link\.png/));
  });

  test('pictures in a format that is not read are not left out silently', async (t) => {
    const root = folderOf(t, { 'cat/a.png': await grayPng(1), 'dog/a.bmp': 'BM' });
    await assert.rejects(load(root, { count: 9 }), fails('images-unreadable', /1 pictures.*dog\/a\.bmp.*convert/));
  });

  test('bounds on files, bytes and depth', async (t) => {
    const root = folderOf(t, { 'a.png': await grayPng(1), 'b/c/d.png': await grayPng(1) });
    const bounded = (limits: object): Promise<unknown> => load(root, { count: 9, limits });
    await assert.rejects(bounded({ maxEntries: 2 }), fails('images-unreadable', /more than 2 files/));
    await assert.rejects(bounded({ maxDepth: 1 }), fails('images-unreadable', /folders below/));
    await assert.rejects(bounded({ maxFileBytes: 20 }), fails('images-unreadable', /a\.png \(has \d+ bytes/));
    await assert.rejects(bounded({ maxDecodedBytes: 7 }), fails('images-unreadable', /--resize/));
  });

  test('a folder that links to its parent is read once', async (t) => {
    const root = folderOf(t, { 'a/x.png': await grayPng(1), 'b/y.png': await grayPng(1) });
    symlinkSync(root, join(root, 'a', 'up'));
    assert.deepEqual(names(await load(root, { count: 9 })), ['a/x.png', 'b/y.png']);
  });
});

describe('the digest names the values', () => {
  test('it ignores file names and changes with a pixel, a label, the order or the shape', async (t) => {
    const digest = async (files: Record<string, string | Uint8Array>): Promise<string> =>
      (await load(folderOf(t, files), { count: 9 })).digest;
    const [one, two] = [await rgbPng([1, 2, 3, 4, 5, 6], 2), await rgbPng([1, 2, 3, 4, 5, 7], 2)];
    const first = await digest({ 'a.png': one, 'b.png': two });
    assert.match(first, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await digest({ 'x.png': one, 'y.png': two }), first);
    const others = [
      await digest({ 'a.png': two, 'b.png': one }),
      await digest({ 'a.png': one, 'b.png': one }),
      await digest({ 'a.png': one, 'b.png': two, 'labels.json': '{"a.png": 0}' }),
      await digest({ 'a.png': await rgbPng([1, 2, 3, 4, 5, 6], 1), 'b.png': two }),
    ];
    assert.equal(new Set([first, ...others]).size, 5);
  });

  test('resizing while reading gives the same set as resizing afterwards', async (t) => {
    const { resizeImages } = await import('../../../adapters/images/load.js');
    const root = folderOf(t, { 'a.png': await rgbPng([1, 2, 3, 90, 5, 6], 2), 'b.png': await grayPng(9) });
    const resized = await load(root, { count: 9, resize: [5, 4] });
    assert.deepEqual(resized, await resizeImages(await load(root, { count: 9 }), [5, 4]));
    assert.notEqual(resized.digest, (await load(root, { count: 9 })).digest);
  });
});

test('one picture file is a set of one', async (t) => {
  const root = folderOf(t, { 'a.png': await grayPng(5), 'truth.json': '{"a.png": 3}' });
  writeFileSync(join(root, 'labels.json'), 'not looked at');
  const set = await load(join(root, 'a.png'), { count: 9, labels: join(root, 'truth.json') });
  assert.deepEqual([set.count, set.labels, [...set.images[0]!.pixels]], [1, [3], [5, 5, 5, 5, 5, 5]]);
  assert.deepEqual((await load(join(root, 'a.png'), { count: 9 })).labels, [undefined]);
});
