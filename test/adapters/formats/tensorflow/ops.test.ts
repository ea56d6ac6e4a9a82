import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { memoryFiles } from '../../../../adapters/formats/files/memory.js';
import { frozenGraph } from '../../../../adapters/formats/tensorflow/index.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import { assertModel, goldenOf } from '../../../support/model-golden.js';
import { repoRoot } from '../../../support/paths.js';

/** One small classifier per TensorFlow op and variant: test/fixtures/tensorflow/ops.py. */
const arrays = readNpz(readFileSync(join(repoRoot, 'test/fixtures/tensorflow/ops.npz')));
const names = [...arrays.keys()].filter((key) => key.endsWith('/graph')).map((key) => key.slice(0, -'/graph'.length));

describe('TensorFlow ops give what TensorFlow gives, forward and backward', () => {
  test('the cases are there', () => {
    assert.ok(names.length > 150, `${names.length} cases`);
  });
  for (const name of names) {
    test(name, async () => {
      const bytes = arrays.get(`${name}/graph`)!.data as Uint8Array;
      const files = memoryFiles(new Map([['graph.pb', bytes]]), 'graph.pb');
      assert.ok(frozenGraph.detect(files, 'graph.pb'));
      const graph = await frozenGraph.read(files, 'graph.pb', { maxModelBytes: 2 ** 30 });
      await assertModel(graph, goldenOf(arrays, `${name}/`));
    });
  }
});
