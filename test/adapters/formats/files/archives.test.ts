import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { identifyModel, readModel } from '../../../../adapters/formats/index.js';
import type { ScanErrorCode } from '../../../../core/scan/errors.js';
import { scanError } from '../../../support/graphs.js';
import { modelSamples } from '../../../support/model-samples.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { zipOf, type ZipEntry } from '../../../support/zip.js';

const model = modelSamples
  .find(({ format }) => format === 'onnx')!
  .contents()
  .get('model.onnx')!;
const zipped = (...more: readonly ZipEntry[]): Uint8Array => zipOf({ name: 'model.onnx', content: model }, ...more);

async function tarred(
  ...entries: readonly (Partial<Header> & { name: string; content?: Uint8Array })[]
): Promise<Uint8Array> {
  const archive = pack();
  for (const { content = new Uint8Array(), ...header } of entries) archive.entry(header, Buffer.from(content));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function folderWith(t: TestContext, files: Readonly<Record<string, Uint8Array | string>>): string {
  const folder = temporaryFolder('archives');
  t.after(() => {
    folder.remove();
  });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), content);
  }
  return folder.path;
}

function pathOf(t: TestContext, content: Uint8Array): string {
  return join(folderWith(t, { 'it.bin': content }), 'it.bin');
}

describe('an archive of one model is that model', () => {
  const cases: Readonly<Record<string, () => Uint8Array | Promise<Uint8Array>>> = {
    'zip, deflated': () => zipOf({ name: 'm.onnx', content: model }),
    'zip, stored, in folders': () => zipOf({ name: 'a/' }, { name: 'a/b/m.onnx', content: model, method: 0 }),
    'zip with what a Mac adds': () => zipped({ name: '__MACOSX/._model.onnx', content: Uint8Array.of(0, 5, 0x16, 7) }),
    tar: () => tarred({ name: 'a', type: 'directory' }, { name: 'a/m.onnx', content: model }),
    'tar with a long name': () => tarred({ name: `${'long/'.repeat(50)}m.onnx`, content: model }),
    'tar.gz': async () => gzipSync(await tarred({ name: 'm.onnx', content: model })),
    'with a PyTorch file and a readme beside it': () =>
      zipped(
        { name: 'best.pt', content: Uint8Array.of(0x80, 2, 0x8a) },
        { name: 'README', content: Buffer.from('hi') },
      ),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    test(name, async (t) => {
      const content = await bytes();
      const path = pathOf(t, content);
      const { graph, format, digest, files, bytes: size } = await readModel(path);
      assert.equal(graph.name, 'sample');
      assert.deepEqual([format, files, size], ['onnx', ['it.bin'], content.length]);
      assert.equal(digest, `sha256:${createHash('sha256').update(content).digest('hex')}`);
      assert.equal((await identifyModel(path)).digest, digest);
    });
  }
});

describe('what an archive may not be', () => {
  const external = modelSamples
    .find(({ main }) => main === 'm.onnx')!
    .contents()
    .get('m.onnx')!;
  const zeros = new Uint8Array(2_000_000);
  const cases: Readonly<Record<string, [() => Uint8Array | Promise<Uint8Array>, ScanErrorCode, RegExp]>> = {
    'a zip with a path out of it': [() => zipped({ name: '../x' }), 'model-malformed', /\.\./],
    'a zip with an absolute path': [() => zipped({ name: '/etc/x' }), 'model-malformed', /absolute/],
    'a zip with a drive': [() => zipped({ name: 'C:x' }), 'model-malformed', /absolute/],
    'a zip with backslashes': [() => zipped({ name: 'a\\..\\x' }), 'model-malformed', /character|backslash/],
    'a zip with a file twice': [() => zipped({ name: './model.onnx' }), 'model-malformed', /twice/],
    'a zip with a link': [() => zipped({ name: 'x', mode: 0o120777 }), 'model-malformed', /symbolic link/],
    'a zip with a device': [() => zipped({ name: 'x', mode: 0o020666 }), 'model-malformed', /no regular file/],
    'an encrypted zip': [() => zipped({ name: 'x', encrypted: true }), 'model-unsupported-format', /encrypted/],
    'a zip of another method': [() => zipped({ name: 'x', method: 14 }), 'model-unsupported-format', /method 14/],
    'a zip that unpacks to too much': [
      () => zipped({ name: 'x', content: zeros }),
      'model-too-large',
      /more than 1000000/,
    ],
    'a zip that says it is small': [
      () => zipped({ name: 'x', content: zeros, declaredSize: 10 }),
      'model-malformed',
      /it\.bin.*(too many bytes|more than the 10)/,
    ],
    'a zip that says it is larger': [
      () => zipped({ name: 'x', declaredSize: 10 }),
      'model-malformed',
      /not enough|0 of 10/,
    ],
    'a zip with a wrong checksum': [() => zipped({ name: 'x', crc: 1 }), 'model-malformed', /checksum/],
    'a zip cut short': [() => zipped().subarray(0, 300), 'model-malformed', /it\.bin.*cannot be unpacked/],
    'a zip in a zip': [
      () => zipOf({ name: 'in.zip', content: zipped() }),
      'model-unsupported-format',
      /another archive, 'in\.zip'/,
    ],
    'a model and a zip': [() => zipped({ name: 'in.zip', content: zipped() }), 'model-unsupported-format', /in\.zip/],
    'a model and a gzip': [
      () => zipped({ name: 'x', content: gzipSync('x') }),
      'model-unsupported-format',
      /another archive/,
    ],
    'two models': [
      () => zipped({ name: 'b/n.onnx', content: model }),
      'model-ambiguous',
      /2 models \(b\/n\.onnx, model\.onnx\)/,
    ],
    'no model': [
      () => zipOf({ name: 'README', content: Buffer.from('x') }),
      'model-not-found',
      /no model in this archive/,
    ],
    empty: [() => zipOf(), 'model-not-found', /no model/],
    'a PyTorch file': [
      () => zipOf({ name: 'best/version', method: 0 }, { name: 'best/data.pkl', method: 0 }),
      'model-unsupported-format',
      /PyTorch file.*torch\.onnx\.export/,
    ],
    'a PyTorch file that begins otherwise': [
      () => zipOf({ name: 'best/byteorder' }, { name: 'best/data.pkl' }),
      'model-unsupported-format',
      /PyTorch/,
    ],
    arrays: [() => zipOf({ name: 'x.npy', content: Buffer.from('\x93NUMPY') }), 'model-unsupported-format', /NumPy/],
    'a model without its data': [
      () => zipOf({ name: 'm.onnx', content: external }),
      'model-external-data',
      /it\.bin: initializer 'w' is stored in 'data\/w\.bin': no such file/,
    ],
    'a tar with a symbolic link': [
      () => tarred({ name: 'm.onnx', content: model }, { name: 'x', type: 'symlink', linkname: '/etc/passwd' }),
      'model-malformed',
      /'x': a link.*--dereference/,
    ],
    'a tar with a hard link': [
      () => tarred({ name: 'm.onnx', content: model }, { name: 'x', type: 'link', linkname: 'm.onnx' }),
      'model-malformed',
      /a link/,
    ],
    'a tar with a pipe': [() => tarred({ name: 'x', type: 'fifo' }), 'model-malformed', /no regular file/],
    'a tar with a path out of it': [() => tarred({ name: 'a/../../x' }), 'model-malformed', /leaves/],
    'a tar with an absolute path': [() => tarred({ name: '/x' }), 'model-malformed', /absolute/],
    'a tar with a file twice': [() => tarred({ name: 'x' }, { name: 'x' }), 'model-malformed', /twice/],
    'a tar cut short': [
      async () => (await tarred({ name: 'x', content: zeros })).subarray(0, 5000),
      'model-too-large',
      /more than/,
    ],
    'a tar.gz bomb': [() => gzipSync(new Uint8Array(30_000_000)), 'model-too-large', /more than 1000000 bytes/],
    'a tar.gz of a large file': [
      async () => gzipSync(await tarred({ name: 'x', content: zeros })),
      'model-too-large',
      /more than/,
    ],
    'a gzip of no tar': [() => gzipSync(model), 'model-malformed', /it\.bin/],
    'too many entries': [
      () => zipOf(...Array.from({ length: 10_001 }, (_, i) => ({ name: `${i}`, method: 0 }))),
      'model-too-large',
      /more than 10000 entries/,
    ],
    'a 7z archive': [
      () => Buffer.from('7z\xbc\xaf\x27\x1c', 'latin1'),
      'model-unsupported-format',
      /zip, tar or tar\.gz/,
    ],
  };
  for (const [name, [bytes, code, pattern]] of Object.entries(cases)) {
    test(name, async (t) => {
      const path = pathOf(t, await bytes());
      const limits = { maxModelBytes: 1_000_000 };
      await assert.rejects(readModel(path, limits), scanError(code, /it\.bin/, pattern));
      // The command line asks for the digest first; it refuses the same archives, unless only the model in it is bad.
      if (code !== 'model-external-data') await assert.rejects(identifyModel(path, limits), scanError(code, pattern));
    });
  }
});

describe('folders', () => {
  test('the model lies deeper; hidden files and what is no model do not count', async (t) => {
    const folder = folderWith(t, {
      'a/b/m.onnx': model,
      '.git/n.onnx': model,
      'a/readme.md': '#',
      'a/x.pt': '\x80\x02',
    });
    const { files, digest } = await readModel(folder);
    assert.deepEqual([files, digest], [['m.onnx'], (await identifyModel(join(folder, 'a/b/m.onnx'))).digest]);
  });

  test('an archive in a folder is read where nothing else is there', async (t) => {
    const folder = folderWith(t, { 'm.zip': zipped(), 'data.json': '{}' });
    assert.deepEqual((await readModel(folder)).files, ['m.zip']);
    writeFileSync(join(folder, 'n.onnx'), model);
    assert.deepEqual((await readModel(folder)).files, ['n.onnx']);
  });

  test('several models are named, whatever their format', async (t) => {
    const folder = folderWith(t, { 'm.onnx': model, 'sub/blob': model });
    await assert.rejects(readModel(folder), scanError('model-ambiguous', /2 models \(m\.onnx, sub\/blob\)/));
  });

  test('a loop of links ends', async (t) => {
    const folder = folderWith(t, { 'a/m.onnx': model });
    symlinkSync('..', join(folder, 'a/loop'));
    assert.deepEqual((await readModel(folder)).files, ['m.onnx']);
  });
});
