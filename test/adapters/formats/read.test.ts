import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileDigest, readModel } from '../../../adapters/formats/index.js';
import { scanError } from '../../support/graphs.js';
import { repoRoot } from '../../support/paths.js';
import { zipOf } from '../../support/zip.js';
import { modelBytes } from './onnx/support/wire.js';

const example = join(repoRoot, 'examples/models/digits-clean.onnx');
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** A folder holding these files, removed after the test. */
function folderWith(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-read-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** A model whose float32 initializers lie in other files. */
function externalModel(...tensors: readonly Readonly<Record<string, string>>[]): Uint8Array {
  return modelBytes({
    initializer: tensors.map((entries, i) => ({
      name: `w${i}`,
      dataType: 1,
      dims: [2],
      dataLocation: 1,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    })),
  });
}

const weights = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

describe('identity', () => {
  test('one file: sha256 of its bytes, decodable or not', async (t) => {
    const { digest, bytes, files } = await readModel(example);
    const content = readFileSync(example);
    assert.deepEqual([digest, bytes, files], [`sha256:${sha256(content)}`, content.length, ['digits-clean.onnx']]);
    assert.deepEqual(await fileDigest(example), { digest, bytes });
    const broken = join(folderWith(t, { 'broken.onnx': 'broken' }), 'broken.onnx');
    assert.deepEqual(await fileDigest(broken), { digest: `sha256:${sha256('broken')}`, bytes: 6 });
    await assert.rejects(fileDigest(join(broken, '..', 'nope')), scanError('model-not-found', /nope/));
  });

  test('several files: what sha256sum and sort print', async (t) => {
    const folder = folderWith(t, {
      'm.onnx': externalModel(
        { location: './data/a.bin' },
        { location: 'b.bin' },
        { location: 'data/a.bin', offset: '8' },
      ),
      'data/a.bin': weights,
      'b.bin': weights.subarray(0, 8),
    });
    const { digest, bytes, files, graph } = await readModel(join(folder, 'm.onnx'));
    const names = ['m.onnx', 'data/a.bin', 'b.bin'];
    assert.deepEqual(files, names);
    assert.equal(
      bytes,
      names.reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0),
    );
    assert.deepEqual(graph.initializers.get('w2')?.data, Float32Array.of(3, 4));
    const printed = execFileSync('sh', ['-c', `sha256sum ${names.join(' ')} | LC_ALL=C sort | sha256sum`], {
      cwd: folder,
    });
    assert.equal(digest, `sha256:${printed.toString().slice(0, 64)}`);
  });
});

describe('external data', () => {
  const refused: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
    ['leaves the folder', { location: '../secret.bin' }, /leaves the model's folder/],
    ['leaves it in the middle', { location: 'data/../../secret.bin' }, /leaves the model's folder/],
    ['is absolute', { location: '/etc/passwd' }, /absolute/],
    ['is absolute on Windows', { location: 'C:/secret.bin' }, /absolute/],
    ['uses backslashes', { location: '..\\secret.bin' }, /backslashes/],
    ['holds a line break', { location: 'a\nb' }, /control characters/],
    ['is empty', {}, /empty/],
    ['is missing', { location: 'nope.bin' }, /no such file.*ENOENT/],
    ['is a folder', { location: 'sub' }, /not a regular file/],
    ['is the folder itself', { location: '.' }, /outside/],
    ['is the model', { location: 'm.onnx' }, /the model file itself/],
    ['is a link out of the folder', { location: 'link.bin' }, /outside/],
    ['goes through a link out of the folder', { location: 'linked/secret.bin' }, /outside/],
    ['ends too early', { location: 'w.bin', offset: '12' }, /bytes 12 to 20 of a file of 16/],
    ['has another length', { location: 'w.bin', length: '4' }, /needs 8 bytes but declares 4/],
    ['has a negative offset', { location: 'w.bin', offset: '-8' }, /offset '-8'/],
    ['has an offset that is no number', { location: 'w.bin', offset: '0x8' }, /offset '0x8'/],
    ['has an offset beyond 2^53', { location: 'w.bin', offset: '99999999999999999999' }, /offset/],
  ];
  for (const [name, entries, pattern] of refused) {
    test(`a location that ${name} is refused`, async (t) => {
      const folder = folderWith(t, {
        'secret.bin': weights,
        'model/m.onnx': externalModel(entries),
        'model/w.bin': weights,
        'model/sub/x': '',
      });
      symlinkSync('../secret.bin', join(folder, 'model/link.bin'));
      symlinkSync('..', join(folder, 'model/linked'));
      await assert.rejects(
        readModel(join(folder, 'model/m.onnx')),
        scanError('model-external-data', /model\/m\.onnx: initializer 'w0'/, pattern),
      );
    });
  }

  test('a named pipe does not stop the scan', async (t) => {
    const folder = folderWith(t, { 'm.onnx': externalModel({ location: 'pipe' }) });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await assert.rejects(readModel(join(folder, 'm.onnx')), scanError('model-external-data', /not a regular file/));
  });

  test('links inside the folder, and a download cache of links, work', async (t) => {
    const folder = folderWith(t, { 'blobs/1': externalModel({ location: 'w.bin' }), 'blobs/2': weights });
    mkdirSync(join(folder, 'snapshot'));
    symlinkSync('../blobs/1', join(folder, 'snapshot/m.onnx'));
    symlinkSync('../blobs/2', join(folder, 'snapshot/w.bin'));
    const { files, graph } = await readModel(join(folder, 'snapshot/m.onnx'));
    assert.deepEqual(files, ['m.onnx', 'w.bin']);
    assert.deepEqual(graph.initializers.get('w0')?.data, Float32Array.of(1, 2));
    linkSync(join(folder, 'blobs/1'), join(folder, 'blobs/m.onnx'));
    symlinkSync('2', join(folder, 'blobs/w.bin'));
    assert.equal((await readModel(join(folder, 'blobs/m.onnx'))).files.length, 2);
  });

  test('an offset that no element starts at is copied into place', async (t) => {
    const file = new Uint8Array(11);
    file.set(weights.subarray(0, 8), 3);
    const folder = folderWith(t, { 'm.onnx': externalModel({ location: 'w.bin', offset: '3' }), 'w.bin': file });
    assert.deepEqual((await readModel(folder)).graph.initializers.get('w0')?.data, Float32Array.of(1, 2));
  });

  test('all files together stay below the limit', async (t) => {
    const model = externalModel({ location: 'a.bin' }, { location: 'b.bin' });
    const folder = folderWith(t, { 'm.onnx': model, 'a.bin': weights, 'b.bin': weights });
    const read = (maxModelBytes: number) => readModel(folder, { maxModelBytes });
    await read(model.length + 32);
    await assert.rejects(read(model.length + 31), scanError('model-too-large', /m\.onnx/));
    await assert.rejects(read(model.length - 1), scanError('model-too-large', /m\.onnx/));
  });
});

describe('paths', () => {
  test('a folder stands for the one model in it', async (t) => {
    const model = modelBytes({ name: 'g' });
    const folder = folderWith(t, { 'a.onnx': model, 'a.onnx.data': '', 'README.md': '' });
    assert.equal((await readModel(folder)).graph.name, 'g');
    writeFileSync(join(folder, 'b.onnx'), model);
    await assert.rejects(readModel(folder), scanError('model-ambiguous', /2 models \(a\.onnx, b\.onnx\)/));
  });

  test('nothing there, nothing inside, nothing readable', async (t) => {
    const folder = folderWith(t, { 'README.md': '' });
    await assert.rejects(
      readModel(join(folder, 'nope.onnx')),
      scanError('model-not-found', /nope\.onnx: no such file/),
    );
    await assert.rejects(readModel(folder), scanError('model-not-found', /no model in this folder/));
    mkdirSync(join(folder, 'loop.onnx'));
    await assert.rejects(readModel(folder), scanError('model-not-found', /no model in this folder/));
    await assert.rejects(readModel('/dev/null'), scanError('model-unreadable', /neither a file nor a folder/));
  });

  test('folders of other formats are named', async (t) => {
    for (const [file, pattern] of [
      ['model.safetensors', /safetensors/],
      ['pytorch_model.bin', /PyTorch.*torch\.onnx\.export/],
      ['best.pt', /PyTorch/],
    ] as const) {
      await assert.rejects(readModel(folderWith(t, { [file]: '' })), scanError('model-unsupported-format', pattern));
    }
  });
});

describe('other formats are told by their content and by what to do', () => {
  const zipEntry = (name: string): Buffer => {
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(name.length, 26);
    return Buffer.concat([header, Buffer.from(name)]);
  };
  const header = '{"__metadata__":{}}';
  const safetensors = Buffer.concat([Buffer.alloc(8), Buffer.from(header)]);
  safetensors.writeBigUInt64LE(BigInt(header.length));
  const cases: readonly [string, string | Uint8Array, RegExp][] = [
    ['net.pt', zipEntry('archive/data.pkl'), /PyTorch.*torch\.onnx\.export/],
    ['renamed.onnx', zipEntry('archive/data.pkl'), /PyTorch/],
    ['old.pkl', Uint8Array.of(0x80, 4, 0x95), /a Python pickle, which would run code.*torch\.onnx\.export/],
    ['net.tflite', Buffer.from('\x1c\0\0\0TFL3'), /TensorFlow Lite.*--tflite/],
    ['net.ort', Buffer.from('\x1c\0\0\0ORTM'), /ORT format/],
    ['net.safetensors', safetensors, /safetensors.*optimum-cli/],
  ];
  for (const [name, content, pattern] of cases) {
    test(name, async (t) => {
      const path = join(folderWith(t, { [name]: content }), name);
      await assert.rejects(readModel(path), scanError('model-unsupported-format', new RegExp(name), pattern));
    });
  }

  test('a damaged TensorFlow.js model is explained by its importer, whatever it is called', async (t) => {
    for (const [name, content, pattern] of [
      ['model.json', '', /not valid JSON/],
      ['model.json', '{"format": "layers-model", "modelTopology": {}}', /no modelTopology/],
      ['web.json', '{"format": "graph-model", "modelTopology": {"node": [', /not valid JSON/],
    ] as const) {
      const folder = folderWith(t, { [name]: content });
      for (const path of [folder, join(folder, name)]) {
        await assert.rejects(
          readModel(path),
          scanError('model-malformed', new RegExp(name.replace('.', '\\.')), pattern),
        );
      }
    }
  });

  test('what is only called model.json makes no folder ambiguous', async (t) => {
    const folder = folderWith(t, { 'net.onnx': modelBytes({ name: 'g' }), 'model.json': '{"labels": ["cat", "dog"]}' });
    assert.equal((await readModel(folder)).graph.name, 'g');
    await assert.rejects(
      readModel(join(folder, 'model.json')),
      scanError('model-malformed', /not the content of a model/),
    );
  });

  test('a zip that begins with a config.json is an archive, not a Keras file', async (t) => {
    const zip = zipOf(
      { name: 'config.json', content: Buffer.from('{}') },
      { name: 'net.onnx', content: modelBytes({ name: 'g' }) },
    );
    const folder = folderWith(t, { 'hub.zip': zip });
    assert.equal((await readModel(join(folder, 'hub.zip'))).graph.name, 'g');
  });

  test('a file that is nothing known is malformed, not of a foreign format', async (t) => {
    const path = join(folderWith(t, { 'x.onnx': 'hello, world' }), 'x.onnx');
    await assert.rejects(readModel(path), scanError('model-malformed', /x\.onnx/));
  });
});
