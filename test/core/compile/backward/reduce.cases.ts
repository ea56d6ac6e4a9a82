import { ints } from '../../../../core/onnx/tensor.js';
import { none, one, value, x, type CaseOptions, type GradientCase } from '../../../support/gradient-case.js';

function reductions(op: string, options: CaseOptions = {}): GradientCase[] {
  const axes = (...list: number[]) => value(ints(...list));
  return [
    one(op, 'all axes', [x('N', 2, 3)], {}, options),
    one(op, 'all axes, keepdims 0', [x('N', 2, 3)], { keepdims: 0 }, options),
    one(op, 'one axis', [x('N', 2, 3), axes(1)], {}, options),
    one(op, 'two axes, keepdims 0', [x('N', 2, 3, 2), axes(1, 3)], { keepdims: 0 }, options),
    one(op, 'unordered negative axes, keepdims 0', [x('N', 2, 3, 2), axes(-1, -3)], { keepdims: 0 }, options),
    one(op, 'the batch axis', [x('N', 2, 3), axes(0)], {}, options),
    one(op, 'the batch axis, keepdims 0', [x('N', 2, 3), axes(0, -1)], { keepdims: 0 }, options),
    one(op, 'empty axes', [x('N', 3), axes()], {}, options),
    one(op, 'omitted axes', [x('N', 3), none], { noop_with_empty_axes: 0 }, options),
    one(op, 'noop_with_empty_axes', [x('N', 3)], { noop_with_empty_axes: 1 }, options),
    one(op, 'noop_with_empty_axes, keepdims 0', [x('N', 3), axes()], { noop_with_empty_axes: 1, keepdims: 0 }, options),
    one(op, 'axis of extent 1', [x('N', 1, 3), axes(1)], { keepdims: 0 }, options),
    one(op, 'axes as an attribute, opset 12', [x('N', 2, 3)], { axes: [-1], keepdims: 0 }, { ...options, opset: 12 }),
  ];
}

export const reduceCases: readonly GradientCase[] = [
  ...reductions('ReduceSum'),
  ...reductions('ReduceMean'),
  ...reductions('ReduceSumSquare'),
  ...reductions('ReduceL1', { away: [0] }),
  ...reductions('ReduceL2', { range: [0.5, 2] }),
  ...reductions('ReduceLogSum', { range: [0.5, 2] }),
  ...reductions('ReduceLogSumExp'),
  ...reductions('ReduceProd', { range: [0.5, 2] }),
  ...reductions('ReduceMax', { spaced: 0.25, tolerance: 1e-3 }),
  ...reductions('ReduceMin', { spaced: 0.25, tolerance: 1e-3 }),
  one('ReduceProd', 'zeros', [x('N', 3)], {}, { range: [0, 0] }),
];
