import { intOf, intsOf } from '../attributes.js';
import { axesIn, axisIn, input, integersAt } from './call.js';
import type { OpCall, ShapeRule } from './call.js';
import { table } from './math.js';

/** ReduceSum takes axes as an input from opset 13, the others from opset 18. */
export const reduce: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const axes = reducedAxes(call, dims.length);
  const keep = intOf(call.node, 'keepdims', 1) !== 0;
  const reduced = dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return [{ dtype, dims: keep ? reduced : reduced.filter((_, axis) => !axes.includes(axis)) }];
};

/** Non-negative axes a Reduce node sums over: all when none are given, unless `noop_with_empty_axes`. */
export function reducedAxes(call: OpCall, rank: number): number[] {
  const byInput = call.opset >= (call.node.op === 'ReduceSum' ? 13 : 18);
  const axes = byInput ? integersAt(call, 1) : intsOf(call.node, 'axes', undefined);
  if (axes === undefined || axes.length === 0) {
    return intOf(call.node, 'noop_with_empty_axes', 0) !== 0 ? [] : Array.from({ length: rank }, (_, axis) => axis);
  }
  return axesIn(call, axes, rank);
}

export const argument: ShapeRule = (call) => {
  const { dims } = input(call, 0);
  const axis = axisIn(call, intOf(call.node, 'axis', 0), dims.length);
  const keep = intOf(call.node, 'keepdims', 1) !== 0;
  return [{ dtype: 'int64', dims: keep ? dims.with(axis, 1) : dims.toSpliced(axis, 1) }];
};

export const reduceShapes: Readonly<Record<string, ShapeRule>> = {
  ...table(
    [
      'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
    ],
    reduce,
  ),
  ArgMax: argument,
  ArgMin: argument,
};
