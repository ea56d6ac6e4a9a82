import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findModels } from '../../../adapters/sources/file/find-models.js';
import { modelSamples } from '../../support/model-samples.js';
import { zipOf } from '../../support/zip.js';

test('a folder is searched recursively, in a stable order', async (t) => {
  const cwd = await tree(t, 'models/b.onnx', 'models/deep/er/a.onnx', 'models/UPPER.ONNX', 'models/notes.txt');
  const found = await findModels(['models/'], { cwd });
  assert.deepEqual(found, {
    paths: ['models/UPPER.ONNX', 'models/b.onnx', 'models/deep/er/a.onnx'],
    missing: [],
    unread: [],
  });
});

test('a file that is named outright is taken whatever its extension', async (t) => {
  const cwd = await tree(t, 'model.bin', 'odd [name]*.onnx');
  const found = await findModels(['model.bin', 'odd [name]*.onnx'], { cwd });
  assert.deepEqual(found.paths, ['model.bin', 'odd [name]*.onnx']);
});

test('globs are expanded, for shells that do not', async (t) => {
  const cwd = await tree(t, 'a/x1.onnx', 'a/x2.onnx', 'a/y.onnx', 'b/x3.onnx');
  assert.deepEqual((await findModels(['{a,b}/x*.onnx'], { cwd })).paths, ['a/x1.onnx', 'a/x2.onnx', 'b/x3.onnx']);
});

test('a model named twice is scanned once', async (t) => {
  const cwd = await tree(t, 'a/x.onnx');
  await symlink('x.onnx', join(cwd, 'a/link.onnx'));
  assert.equal((await findModels(['a/x.onnx', 'a', './a/*.onnx', 'a/link.onnx'], { cwd })).paths.length, 1);
});

test('linked files are found in a folder, and a loop of links ends', async (t) => {
  const cwd = await tree(t, 'blobs/1234', 'snapshot/readme.txt');
  await symlink('../blobs/1234', join(cwd, 'snapshot/model.onnx'));
  await symlink('..', join(cwd, 'snapshot/loop'));
  assert.deepEqual((await findModels(['snapshot'], { cwd })).paths, ['snapshot/model.onnx']);
});

test('what matches nothing is named', async (t) => {
  const cwd = await tree(t, 'a/x.onnx', 'empty/readme.txt');
  const found = await findModels(['a', 'gone.onnx', 'empty', 'no*.onnx'], { cwd });
  assert.deepEqual(found, { paths: ['a/x.onnx'], missing: ['gone.onnx', 'empty', 'no*.onnx'], unread: [] });
});

test('absolute paths stay absolute', async (t) => {
  const cwd = await tree(t, 'a/x.onnx');
  assert.deepEqual((await findModels([join(cwd, 'a')], { cwd: '/' })).paths, [join(cwd, 'a/x.onnx')]);
});

test('models of every format are found by content, and what belongs to one is none of its own', async (t) => {
  const cwd = await tree(t);
  const put = async (name: string, content: Uint8Array | string): Promise<void> => {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), content);
  };
  for (const { format, title, contents } of modelSamples) {
    for (const [name, bytes] of contents()) await put(`all/${format}/${title}/${name}`, bytes);
  }
  const onnx = modelSamples[0]!.contents().get('model.onnx')!;
  await put('all/zipped.zip', zipOf({ name: 'x.onnx', content: onnx }));
  await put('all/data.zip', zipOf({ name: 'x.csv', content: Buffer.from('1,2,3') }));
  await put('all/package.json', '{"name": "x"}');
  await put('all/extensionless', onnx);
  await put('all/a.pt', Uint8Array.of(0x80, 2, 0x8a, 10));
  await put('all/b/b.pth', Uint8Array.of(0x80, 2, 0x8a, 10));
  const { paths, missing, unread } = await findModels(['all'], { cwd });
  const expected = modelSamples.map(({ format, title, main }) =>
    format === 'saved-model' ? `all/${format}/${title}` : `all/${format}/${title}/${main}`,
  );
  assert.deepEqual([...paths].sort(), [...expected, 'all/zipped.zip'].sort());
  assert.deepEqual(missing, []);
  assert.deepEqual(unread, [
    { path: 'all/a.pt', what: 'a Python pickle, which would run code when it is loaded' },
    { path: 'all/b/b.pth', what: 'a Python pickle, which would run code when it is loaded' },
  ]);
  for (const path of expected) assert.deepEqual((await findModels([path], { cwd })).paths, [path]);
  // Named outright it is taken, and fails when it is read; so does a folder in which nothing else is.
  assert.deepEqual((await findModels(['all/a.pt', 'all/b'], { cwd })).paths, ['all/a.pt']);
  assert.deepEqual((await findModels(['all/b'], { cwd })).missing, ['all/b']);
});

test('a SavedModel has one name however it is named, and a glob finds its folder', async (t) => {
  const cwd = await tree(t, 'models/sm/variables/variables.index');
  const sample = modelSamples.find(({ format }) => format === 'saved-model')!;
  await writeFile(join(cwd, 'models/sm/saved_model.pb'), sample.contents().get('saved_model.pb')!);
  for (const patterns of [
    ['models/sm', 'models/sm/', 'models/sm/saved_model.pb'],
    ['models'],
    ['models/*'],
    ['mod*/**'],
  ]) {
    assert.deepEqual((await findModels(patterns, { cwd })).paths, ['models/sm'], patterns[0]);
  }
});

async function tree(t: TestContext, ...files: string[]): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'neuroninspect-find-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), '');
  }
  return root;
}
