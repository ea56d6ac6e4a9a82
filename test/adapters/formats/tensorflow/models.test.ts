import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readModel } from '../../../../adapters/formats/index.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import { assertModel, goldenOf } from '../../../support/model-golden.js';
import { repoRoot } from '../../../support/paths.js';

/** Small networks as TensorFlow itself saves them, against what it computes: test/fixtures/tensorflow/models.py. */
const folder = join(repoRoot, 'test/fixtures/tensorflow/models');

const saved: readonly (readonly [name: string, format: string, golden: string])[] = [
  ['keras3-export', 'saved-model', 'keras3'],
  ['keras3-save', 'saved-model', 'keras3'],
  ['tf-keras', 'saved-model', 'tf-keras'],
  ['tf1', 'saved-model', 'tf1'],
  ['frozen.pb', 'frozen-graph', 'tf-keras'],
  ['tfjs-graph', 'tfjs-graph', 'tf-keras'],
  ['tfjs-layers', 'tfjs-layers', 'tf-keras'],
];

describe('a saved model gives what the framework gives, forward and backward', () => {
  for (const [name, format, golden] of saved) {
    test(name, async () => {
      const model = await readModel(join(folder, name));
      assert.equal(model.format, format);
      assert.equal(model.graph.inputs.length, 1);
      await assertModel(model.graph, goldenOf(readNpz(readFileSync(join(folder, `${golden}.npz`)))));
    });
  }
});

test('values keep the names they have in TensorFlow, so that errors and --logits-name speak of them', async () => {
  const { graph } = await readModel(join(folder, 'tf1'));
  assert.deepEqual(
    graph.inputs.map(({ name }) => name),
    ['image'],
  );
  assert.deepEqual(
    graph.outputs.map(({ name }) => name),
    ['scores'],
  );
  assert.ok(graph.nodes.some(({ outputs }) => outputs.includes('logits')));
  assert.ok(graph.initializers.has('fc/bias') || [...graph.initializers.keys()].some((name) => name.includes('bias')));
});

test('weights are views of the file where its alignment allows', async () => {
  const { graph } = await readModel(join(folder, 'tf1'));
  const kernel = graph.initializers.get('fc/kernel');
  assert.ok(kernel);
  const data = kernel.data as Float32Array;
  assert.ok(data.buffer.byteLength > data.byteLength, 'a copy of its own');
});
