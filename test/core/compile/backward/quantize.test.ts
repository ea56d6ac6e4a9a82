import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backward } from '../../../../core/compile/backward/index.js';
import type { Node, Tensor } from '../../../../core/onnx/graph.js';
import { float32, ints, scalar } from '../../../../core/onnx/tensor.js';
import { guided } from '../../../../core/saliency/guided.js';
import { rectified } from '../../../../core/saliency/rectified.js';
import { node } from '../../../support/gradient-case.js';
import { gradientOf } from '../../../support/gradient.js';

const int8 = (dims: readonly number[], ...values: number[]): Tensor => ({
  dtype: 'int8',
  dims,
  data: Int8Array.from(values),
});
const uint8 = (dims: readonly number[], ...values: number[]): Tensor => ({
  dtype: 'uint8',
  dims,
  data: Uint8Array.from(values),
});

/** x to y through integers, with what is put between. */
const pair = (between: readonly Node[] = []): Node[] => [
  node('QuantizeLinear', ['x', 'scale', 'zero'], ['q']),
  ...between,
  node('DequantizeLinear', [between.length ? 'r' : 'q', 'scale', 'zero'], ['y']),
];

const close = (found: readonly number[], expected: readonly number[]): void => {
  assert.equal(found.length, expected.length);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-5, `[${found.join()}], expected [${expected.join()}]`);
  });
};

describe('QuantizeLinear and DequantizeLinear', () => {
  test('pass the gradient straight through inside the range and stop it outside', async () => {
    const x = float32([1, 6], [-13, -12.9, 0, 0.123, 12.7, 12.9]);
    const seed = float32([1, 1, 6], [1, 2, 3, 4, 5, 6]);
    const constants = { scale: scalar(0.1), zero: int8([], 0) };
    close(await gradientOf({ nodes: pair(), constants }, backward, x, seed), [0, 0, 3, 4, 5, 0]);
  });

  test('black pixels pass a gradient although they lie at the end of the range', async () => {
    const constants = { scale: scalar(1 / 255), zero: uint8([], 0) };
    const x = float32([1, 3], [0, 0.5, 1]);
    close(await gradientOf({ nodes: pair(), constants }, backward, x, float32([1, 1, 3], [1, 1, 1])), [1, 1, 1]);
  });

  test('a scale per channel', async () => {
    const x = float32([1, 2, 2], [13, 12, 13, 26]);
    const constants = { scale: float32([2], [0.1, 0.2]), zero: int8([2], 0, 0) };
    const nodes = pair().map((made) => ({
      ...made,
      attributes: new Map([['axis', { type: 'int', value: 1 } as const]]),
    }));
    close(await gradientOf({ nodes, constants }, backward, x, float32([1, 1, 2, 2], [1, 1, 1, 1])), [0, 1, 1, 0]);
  });

  test('a lazy seed stays correct', async () => {
    const constants = { scale: scalar(0.1), zero: int8([], 0) };
    const x = float32([2, 2], [1, 20, -20, 2]);
    close(await gradientOf({ nodes: pair(), constants }, backward, x, float32([1, 1, 2], [3, 4])), [3, 0, 0, 4]);
  });

  test('integers may be reshaped and moved on the way', async () => {
    const constants = { scale: scalar(0.1), zero: int8([], 0), shape: ints(1, 3, 2) };
    const nodes = pair([
      node('Reshape', ['q', 'shape'], ['cells']),
      node('Transpose', ['cells'], ['r'], { perm: [0, 2, 1] }),
    ]);
    const x = float32([1, 6], [1, 2, 3, 4, 5, 6]);
    const seed = float32([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
    close(await gradientOf({ nodes, constants }, backward, x, seed), [1, 4, 2, 5, 3, 6]);
  });

  test('scales that differ on both sides scale the gradient', async () => {
    const nodes = [
      node('QuantizeLinear', ['x', 'scale', 'zero'], ['q']),
      node('DequantizeLinear', ['q', 'other', 'zero'], ['y']),
    ];
    const constants = { scale: scalar(0.1), other: scalar(0.3), zero: int8([], 0) };
    close(await gradientOf({ nodes, constants }, backward, float32([1, 1], [1]), float32([1, 1, 1], [1])), [3]);
  });
});

describe('a ReLU that a quantiser left out', () => {
  const constants = (zero: Tensor) => ({
    w: float32([2, 2], [1, 0, 0, 1]),
    scale: scalar(0.1),
    zero,
  });
  const nodes = [
    node('MatMul', ['x', 'w'], ['sums']),
    node('QuantizeLinear', ['sums', 'scale', 'zero'], ['q']),
    node('DequantizeLinear', ['q', 'scale', 'zero'], ['y']),
  ];
  const x = float32([1, 2], [1, -1]);
  const seeds = float32([2, 1, 2], [1, 1, -1, -1]);

  test('gates as a ReLU and takes part in guided and rectified saliency', async () => {
    const model = { nodes, constants: constants(uint8([], 0)) };
    close(await gradientOf(model, backward, x, seeds), [1, 0, -1, 0]);
    close(await gradientOf(model, guided, x, seeds), [1, 0, 0, 0]);
    close(await gradientOf(model, rectified, x, seeds), [1, 1, 0, 0]);
  });

  test('a zero point inside the range is no ReLU', async () => {
    const model = { nodes, constants: constants(uint8([], 128)) };
    close(await gradientOf(model, rectified, x, seeds), [1, 1, -1, -1]);
  });
});
