import { bool, int64 } from '../../../../core/onnx/tensor.js';
import { one, value, x, type GradientCase } from '../../../support/gradient-case.js';

const at = (dims: readonly number[], ...values: number[]) => value(int64(dims, values));
const spaced = { spaced: 0.25, tolerance: 1e-3 };

export const indexingCases: readonly GradientCase[] = [
  one('Gather', 'a scalar index', [x('N', 4, 2), at([], 2)], { axis: 1 }),
  one('Gather', 'a scalar index on the last axis', [x('N', 2, 4), at([], -1)], { axis: -1 }),
  one('Gather', 'neighbours', [x('N', 5), at([3], 1, 2, 3)], { axis: 1 }),
  one('Gather', 'duplicates and negatives', [x('N', 4, 2), at([5], 3, 0, -1, 3, 1)], { axis: 1 }),
  one('Gather', 'indices with two axes', [x('N', 4, 2), at([2, 3], 3, 0, 1, 1, 2, -4)], { axis: 1 }),
  one('Gather', 'the batch axis', [x(4, 2), at([3], 2, 0, 2)]),
  one('Gather', 'one of the batch', [x(4, 2), at([], 1)]),
  one('GatherElements', 'axis 1', [x('N', 4), value(int64([1, 3], [3, 0, 3]))], { axis: 1 }, { batches: [1] }),
  one('GatherElements', 'axis 0, fewer columns', [x(3, 4), at([2, 3], 2, 0, 1, -1, 0, 1)], { axis: 0 }),
  one('GatherElements', 'rank 3, negative axis', [x(2, 3, 4), at([2, 2, 2], 3, 0, -1, 1, 2, 2, 0, 0)], { axis: -1 }),
  one('GatherND', 'elements', [x(3, 4), at([3, 2], 0, 1, 2, -1, 0, 1)]),
  one('GatherND', 'rows', [x(3, 4, 2), at([2, 1], 2, 0)]),
  one('GatherND', 'batch_dims 1', [x(2, 3, 4), at([2, 2, 1], 2, 0, 1, 1)], { batch_dims: 1 }),
  one('GatherND', 'indices with three axes', [x(3, 4), at([2, 1, 1], 2, 0)]),
  one('ScatterElements', 'data and updates', [x(3, 4), at([2, 2], 1, 0, 2, -1), x(2, 2)], { axis: 0 }),
  one('ScatterElements', 'axis 1', [x(3, 4), at([3, 2], 1, 0, 2, -1, 3, 0), x(3, 2)], { axis: 1 }),
  one('ScatterElements', 'add', [x(3, 4), at([2, 2], 1, 0, 1, 0), x(2, 2)], { axis: 0, reduction: 'add' }),
  one('ScatterElements', 'add, axis -1', [x(2, 4), at([2, 3], 1, 1, -1, 0, 0, 0), x(2, 3)], {
    axis: -1,
    reduction: 'add',
  }),
  one('ScatterND', 'elements', [x(3, 4), at([3, 2], 0, 1, 2, -1, 0, 2), x(3)]),
  one('ScatterND', 'rows', [x(3, 4, 2), at([2, 1], 2, 0), x(2, 4, 2)]),
  one('ScatterND', 'rows, add', [x(3, 4), at([3, 1], 2, 0, 2), x(3, 4)], { reduction: 'add' }),
  one('ScatterND', 'indices with three axes', [x(4, 2), at([1, 2, 1], 3, 1), x(1, 2, 2)]),
  one('Scatter', 'opset 9', [x(3, 4), at([2, 2], 1, 0, 2, 1), x(2, 2)], { axis: 0 }, { opset: 9 }),
  one('Compress', 'an axis', [x('N', 4, 2), value(bool([4], [1, 0, 1, 1]))], { axis: 1 }),
  one('Compress', 'a short condition, the batch axis', [x(4, 2), value(bool([3], [0, 1, 1]))], { axis: 0 }),
  one('Compress', 'flattened', [x(2, 3), value(bool([5], [0, 1, 1, 0, 1]))]),
  one('TopK', 'largest', [x('N', 5), at([1], 2)], {}, { ...spaced, outputs: 2 }),
  one('TopK', 'smallest, axis 1', [x('N', 4, 3), at([1], 3)], { axis: 1, largest: 0 }, { ...spaced, outputs: 2 }),
  one(
    'TopK',
    'the batch axis, unsorted',
    [x(4, 3), at([1], 2)],
    { axis: 0, sorted: 0 },
    { ...spaced, outputs: 2, anyOrder: true },
  ),
  one('CumSum', 'last axis', [x('N', 4), value({ dtype: 'int64', dims: [], data: BigInt64Array.of(1n) })]),
  one('CumSum', 'exclusive', [x('N', 4, 2), at([], 1)], { exclusive: 1 }),
  one('CumSum', 'reverse', [x('N', 4, 2), at([], -2)], { reverse: 1 }),
  one('CumSum', 'exclusive, reverse, the batch axis', [x(3, 2), at([], 0)], { exclusive: 1, reverse: 1 }),
];
