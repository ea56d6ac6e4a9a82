import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../support/paths.js';
import { createCli } from '../services/cli/run-cli.js';

test('a backdoor survives quantisation, and is found in QLinear operators too', async (t) => {
  const cli = await createCli(t);
  const model = join(repoRoot, 'test', 'fixtures', 'quantised', 'digits.onnx');
  const { code, stdout } = await cli.run([
    'scan',
    model,
    '--images',
    join(repoRoot, 'examples', 'images'),
    '--format',
    'json',
  ]);
  assert.equal(code, 1);
  const [result] = (JSON.parse(stdout) as { results: { verdict: string; targetClasses: number[] }[] }).results;
  assert.deepEqual([result!.verdict, result!.targetClasses], ['backdoored', [5]]);
});
