import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindModel } from '../../../core/execute/bind.js';
import type { Dim, Graph } from '../../../core/onnx/graph.js';
import { float32, ints } from '../../../core/onnx/tensor.js';
import type { RawImageSet } from '../../../core/scan/images.js';
import { graphWith, nodeOf, scanError, tensorsOf, valueOf } from '../../support/graphs.js';

const images: RawImageSet = {
  kind: 'raw',
  digest: 'sha256:0',
  count: 4,
  labels: [],
  dims: [4, 1, 2, 2],
  data: new Float32Array(16),
};

/** x [batch, 1, 2, 2] -> Reshape -> MatMul -> logits */
function classifier(batch: Dim, shape: readonly number[], outputs = 6): Graph {
  return graphWith({
    inputs: [valueOf('x', [batch, 1, 2, 2])],
    outputs: [valueOf('logits', undefined)],
    initializers: tensorsOf({ shape: ints(...shape), w: float32([4, outputs], new Float32Array(4 * outputs)) }),
    nodes: [nodeOf('Reshape', ['x', 'shape'], ['flat']), nodeOf('MatMul', ['flat', 'w'], ['logits'])],
  });
}

test('a model with a free batch takes any number of images per run', () => {
  const { model } = bindModel(classifier('N', [-1, 4]), images, {}, {});
  assert.equal(model.fixedBatch, undefined);
  assert.equal(model.classes, 6);
  assert.deepEqual(model.bind(3).types.get('logits')?.dims, [3, 6]);
});

test('a declared batch is kept to', () => {
  assert.equal(bindModel(classifier(2, [2, 4]), images, {}, {}).model.fixedBatch, 2);
});

test('a free batch with the shape of one image written into a Reshape is run one image at a time', () => {
  assert.equal(bindModel(classifier('N', [1, 4]), images, {}, {}).model.fixedBatch, 1);
});

test('an output that is no vector of scores is refused with its shape', () => {
  assert.throws(
    () => bindModel(classifier('N', [-1, 4], 1), images, {}, {}),
    scanError('model-not-a-classifier', /logits.*\[1, 1\]/, /--logits-name/),
  );
});
