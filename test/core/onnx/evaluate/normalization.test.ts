import assert from 'node:assert/strict';
import { test } from 'node:test';
import { specialise } from '../../../../core/onnx/specialise.js';
import { float32 } from '../../../../core/onnx/tensor.js';
import { graphWith, nodeOf, scanError, tensorsOf, valueOf } from '../../../support/graphs.js';

const training = { training_mode: { type: 'int', value: 1 }, epsilon: { type: 'float', value: 0 } } as const;
const statistics = tensorsOf({
  scale: float32([2], [2, 1]),
  bias: float32([2], [0, 10]),
  mean: float32([2], [0, 0]),
  variance: float32([2], [1, 1]),
});

test('weights standardised by a BatchNormalization in training mode are folded', () => {
  const graph = graphWith({
    inputs: [valueOf('image', [1, 1])],
    outputs: [valueOf('y', undefined)],
    initializers: new Map([...statistics, ['weights', float32([1, 2, 3], [1, 2, 3, 5, 5, 8])]]),
    nodes: [
      nodeOf('BatchNormalization', ['weights', 'scale', 'bias', 'mean', 'variance'], ['standard', 'm', 'v'], training),
      nodeOf('Mul', ['image', 'standard'], ['y']),
    ],
  });
  const { graph: folded } = specialise(graph, new Map(), ['y']);
  assert.deepEqual(
    folded.nodes.map(({ op }) => op),
    ['Mul'],
  );
  // Channel 0: mean 2, variance 2/3; channel 1: mean 6, variance 2.
  const expected = [-1, 0, 1]
    .map((d) => (2 * d) / Math.sqrt(2 / 3))
    .concat([-1, -1, 2].map((d) => 10 + d / Math.sqrt(2)));
  const values = folded.initializers.get('standard')!.data as Float32Array;
  expected.forEach((value, i) => {
    assert.ok(Math.abs(values[i]! - value) < 1e-6, `${values[i]} is not ${value}`);
  });
});

test('a BatchNormalization in training mode over the image is refused', () => {
  const graph = graphWith({
    inputs: [valueOf('image', [1, 2, 3])],
    outputs: [valueOf('y', undefined)],
    initializers: statistics,
    nodes: [nodeOf('BatchNormalization', ['image', 'scale', 'bias', 'mean', 'variance'], ['y', 'm', 'v'], training)],
  });
  assert.throws(() => specialise(graph, new Map(), ['y']), scanError('model-unsupported-op', /training mode/));
});
