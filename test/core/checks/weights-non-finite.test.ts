import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32, scalar } from '../../../core/onnx/tensor.js';
import { nodeOf } from '../../support/graphs.js';
import { findingsOf, linearClassifier } from './subject.js';

const rows = [
  [1, 2, 3, 4],
  [5, 6, 7, 8],
];

const found = (graph: Parameters<typeof findingsOf>[1]['graph']) => findingsOf('weights-non-finite', { graph });

test('NaN and infinite weights are errors that name the tensor and say how many', () => {
  assert.deepEqual(found(linearClassifier(rows, [0, 1])), []);
  const [finding, ...rest] = found(
    linearClassifier(
      [
        [NaN, 2, NaN, 4],
        [5, -Infinity, 7, 8],
      ],
      [0, 1],
    ),
  );
  assert.deepEqual(rest, []);
  assert.equal(finding?.severity, 'error');
  assert.equal(finding.place, 'w');
  assert.match(finding.message, /'w' holds 2 NaN and 1 infinite among 8 values/);
});

test('half floats are read by their bits', () => {
  const data = Uint16Array.of(0x3c00, 0x7e00, 0x7c00, 0xfc00);
  for (const [dtype, bits] of [
    ['float16', data],
    ['bfloat16', Uint16Array.of(0x3f80, 0x7fc0, 0x7f80, 0xff80)],
  ] as const) {
    const half = { dtype, dims: [4], data: bits };
    const [finding] = found(
      linearClassifier(rows, [0, 1], { tensors: { half }, nodes: [nodeOf('Mul', ['y', 'half'], ['z'])] }),
    );
    assert.match(finding?.message ?? '', /1 NaN and 2 infinite among 4/, dtype);
  }
});

test('infinity as a bound, as padding or in a mask is no error; nor is what nothing reads', () => {
  const tensors = { bound: scalar(Infinity), mask: float32([2], [0, -Infinity]), unread: float32([1], [NaN]) };
  const nodes = [nodeOf('Clip', ['y', '', 'bound'], ['c']), nodeOf('Add', ['c', 'mask'], ['z'])];
  assert.deepEqual(found(linearClassifier(rows, [0, 1], { tensors, nodes })), []);
});
