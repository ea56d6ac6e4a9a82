import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Check } from '../../../services/cli/doctor/examine.js';
import { createCli } from './run-cli.js';

interface Answer {
  readonly version: string;
  readonly works: boolean;
  readonly checks: readonly Check[];
}

test('where scanning works, doctor says so and exits with 0', async (t) => {
  const { code, stdout, stderr } = await (await createCli(t)).run(['doctor']);
  assert.equal(code, 0);
  assert.equal(stderr, '', 'what drivers print stays away');
  for (const line of [
    /ok +engine onnxruntime +1\./,
    /ok +provider cpu +works/,
    /ok +engine tfjs +4\./,
    /ok +tfjs wasm +works/,
    /ok +tfjs cpu +works/,
    /workers +\d+ by default/,
  ]) {
    assert.match(stdout, line);
  }
  assert.match(stdout, /Models can be scanned on this machine\.\n$/);
});

test('a script reads every check from JSON, and each one that fails says what to do', async (t) => {
  const cli = await createCli(t);
  const { stdout } = await cli.run(['doctor', '--format', 'json']);
  const { works, checks } = JSON.parse(stdout) as Answer;
  assert.equal(works, true);
  const ids = checks.map(({ id }) => id);
  for (const id of [
    'node',
    'engine',
    'provider-cpu',
    'provider-cuda',
    'provider-webgpu',
    'engine-tfjs',
    'tfjs-gpu',
    'tfjs-node',
    'tfjs-wasm',
    'tfjs-cpu',
    'images',
    'workers',
    'memory',
    'cache',
  ]) {
    assert.ok(ids.includes(id), id);
  }
  for (const { id, state, hint } of checks) if (state === 'missing' || state === 'broken') assert.ok(hint, id);
  assert.ok(checks.find(({ id }) => id === 'cache')?.value.startsWith(join(cli.dir, '.cache/neuroninspect/results')));
});

test('who wants tfjs on a GPU reads how to get the native library', async (t) => {
  const { stdout } = await (await createCli(t)).run(['doctor', '--format', 'json']);
  const gpu = (JSON.parse(stdout) as Answer).checks.find(({ id }) => id === 'tfjs-gpu')!;
  if (gpu.state === 'missing') assert.match(gpu.hint!, /npm explore @tensorflow\/tfjs-node-gpu/);
  else assert.equal(gpu.state, 'ok');
});

test('a cache folder that cannot be used costs comfort, not the verdict', async (t) => {
  const cli = await createCli(t);
  await writeFile(join(cli.dir, 'file'), '');
  const { code, stdout } = await cli.run(['doctor', '--format', 'json', '--cache-dir', 'file/x']);
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as Answer).checks.find(({ id }) => id === 'cache')?.state, 'missing');
});
