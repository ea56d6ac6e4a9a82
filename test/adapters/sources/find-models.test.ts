import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findModels } from '../../../adapters/sources/file/find-models.js';

const extensions = ['.onnx'];

test('a folder is searched recursively, in a stable order', async (t) => {
  const cwd = await tree(t, 'models/b.onnx', 'models/deep/er/a.onnx', 'models/UPPER.ONNX', 'models/notes.txt');
  const found = await findModels(['models/'], { extensions, cwd });
  assert.deepEqual(found, { paths: ['models/UPPER.ONNX', 'models/b.onnx', 'models/deep/er/a.onnx'], missing: [] });
});

test('a file that is named outright is taken whatever its extension', async (t) => {
  const cwd = await tree(t, 'model.bin', 'odd [name]*.onnx');
  const found = await findModels(['model.bin', 'odd [name]*.onnx'], { extensions, cwd });
  assert.deepEqual(found.paths, ['model.bin', 'odd [name]*.onnx']);
});

test('globs are expanded, for shells that do not', async (t) => {
  const cwd = await tree(t, 'a/x1.onnx', 'a/x2.onnx', 'a/y.onnx', 'b/x3.onnx');
  assert.deepEqual((await findModels(['{a,b}/x*.onnx'], { extensions, cwd })).paths, [
    'a/x1.onnx',
    'a/x2.onnx',
    'b/x3.onnx',
  ]);
});

test('a model named twice is scanned once', async (t) => {
  const cwd = await tree(t, 'a/x.onnx');
  await symlink('x.onnx', join(cwd, 'a/link.onnx'));
  assert.equal((await findModels(['a/x.onnx', 'a', './a/*.onnx', 'a/link.onnx'], { extensions, cwd })).paths.length, 1);
});

test('linked files are found in a folder, and a loop of links ends', async (t) => {
  const cwd = await tree(t, 'blobs/1234', 'snapshot/readme.txt');
  await symlink('../blobs/1234', join(cwd, 'snapshot/model.onnx'));
  await symlink('..', join(cwd, 'snapshot/loop'));
  assert.deepEqual((await findModels(['snapshot'], { extensions, cwd })).paths, ['snapshot/model.onnx']);
});

test('what matches nothing is named', async (t) => {
  const cwd = await tree(t, 'a/x.onnx', 'empty/readme.txt');
  const found = await findModels(['a', 'gone.onnx', 'empty', 'no*.onnx'], { extensions, cwd });
  assert.deepEqual(found, { paths: ['a/x.onnx'], missing: ['gone.onnx', 'empty', 'no*.onnx'] });
});

test('absolute paths stay absolute', async (t) => {
  const cwd = await tree(t, 'a/x.onnx');
  assert.deepEqual((await findModels([join(cwd, 'a')], { extensions, cwd: '/' })).paths, [join(cwd, 'a/x.onnx')]);
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
