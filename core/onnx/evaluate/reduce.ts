import { intOf } from '../attributes.js';
import { axisIn, input, integersAt } from '../shapes/call.js';
import { reducedAxes } from '../shapes/reduce.js';
import { sizeOf } from '../tensor.js';
import type { Evaluator } from './call.js';
import { constantAt } from './call.js';
import { allocate, cellsOf, isBig, isNumeric, stridesOf, walk } from './cells.js';
import type { Cells } from './cells.js';

/** Folding of one group: from `start` with `step`, then `finish` with the number of elements. */
interface Fold<T> {
  readonly start: T;
  readonly step: (sum: T, x: T) => T;
  readonly finish?: (sum: T, count: number) => T;
}

const numberFolds: Readonly<Record<string, Fold<number>>> = {
  ReduceSum: { start: 0, step: (sum, x) => sum + x },
  ReduceProd: { start: 1, step: (product, x) => product * x },
  ReduceMax: { start: -Infinity, step: Math.max },
  ReduceMin: { start: Infinity, step: Math.min },
  ReduceMean: { start: 0, step: (sum, x) => sum + x, finish: (sum, count) => sum / count },
  ReduceL1: { start: 0, step: (sum, x) => sum + Math.abs(x) },
  ReduceL2: { start: 0, step: (sum, x) => sum + x * x, finish: Math.sqrt },
  ReduceSumSquare: { start: 0, step: (sum, x) => sum + x * x },
};

const bigFolds: Readonly<Record<string, Fold<bigint>>> = {
  ReduceSum: { start: 0n, step: (sum, x) => BigInt.asIntN(64, sum + x) },
  ReduceProd: { start: 1n, step: (product, x) => BigInt.asIntN(64, product * x) },
  ReduceMax: { start: -(2n ** 63n), step: (a, b) => (a > b ? a : b) },
  ReduceMin: { start: 2n ** 64n, step: (a, b) => (a < b ? a : b) },
  ReduceMean: { start: 0n, step: (sum, x) => sum + x, finish: (sum, count) => sum / BigInt(count) },
};

/** Sums run in double precision and are rounded once. */
const reduce: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const fold = (isBig(data.dtype) ? bigFolds : numberFolds)[call.node.op] as Fold<unknown> | undefined;
  const axes = reducedAxes(call, data.dims.length);
  const count = axes.reduce((product, axis) => product * data.dims[axis]!, 1);
  // Reductions of nothing and of truth values are left to the engine.
  if (fold === undefined || !isNumeric(data.dtype) || data.dtype === 'bool' || count === 0) return undefined;
  const kept = data.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const sums = new Array<unknown>(sizeOf(kept)).fill(fold.start);
  const from = cellsOf(data);
  walk(data.dims, [strides], (i, offsets) => (sums[offsets[0]!] = fold.step(sums[offsets[0]!], from[i])));
  const { tensor, cells } = allocate(type!.dtype, type!.dims);
  const out = cells as unknown as Cells<unknown>;
  sums.forEach((sum, i) => (out[i] = fold.finish ? fold.finish(sum, count) : sum));
  return [tensor];
};

const cumSum: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  if (!isNumeric(data.dtype)) return undefined;
  const { dims } = data;
  const axis = axisIn(call, integersAt(call, 1)![0]!, dims.length);
  const [exclusive, reverse] = [intOf(call.node, 'exclusive', 0) !== 0, intOf(call.node, 'reverse', 0) !== 0];
  const { tensor, cells } = allocate(type!.dtype, dims);
  const from = cellsOf(data) as Cells<number>;
  const [step, length] = [stridesOf(dims)[axis]!, dims[axis]!];
  // Row-major starts of all lines along the axis.
  walk(dims.with(axis, 1), [stridesOf(dims)], (_, [start]) => {
    let sum = (isBig(data.dtype) ? 0n : 0) as number;
    for (let i = 0; i < length; i++) {
      const at = start! + (reverse ? length - 1 - i : i) * step;
      const next = sum + from[at]!;
      cells[at] = exclusive ? sum : next;
      sum = next;
    }
  });
  return [tensor];
};

/** Index of the first (or last) largest or smallest element. */
const argument: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const { dims } = input(call, 0);
  if (!isNumeric(data.dtype)) return undefined;
  const axis = axisIn(call, intOf(call.node, 'axis', 0), dims.length);
  const [largest, last] = [call.node.op === 'ArgMax', intOf(call.node, 'select_last_index', 0) !== 0];
  const { tensor, cells } = allocate('int64', type!.dims);
  const from = cellsOf(data) as Cells<number>;
  const [step, length] = [stridesOf(dims)[axis]!, dims[axis]!];
  if (length === 0) return undefined;
  walk(dims.with(axis, 1), [stridesOf(dims)], (i, [start]) => {
    let best = 0;
    for (let k = 1; k < length; k++) {
      const [x, y] = [from[start! + k * step]!, from[start! + best * step]!];
      if ((largest ? x > y : x < y) || (last && x === y)) best = k;
    }
    cells[i] = BigInt(best);
  });
  return [tensor];
};

const topK: Evaluator = (call, types) => {
  const data = constantAt(call, 0);
  if (!isNumeric(data.dtype)) return undefined;
  const { dims } = data;
  const axis = axisIn(call, intOf(call.node, 'axis', -1), dims.length);
  const sign = intOf(call.node, 'largest', 1) !== 0 ? -1 : 1;
  const values = allocate(data.dtype, types[0]!.dims);
  const indices = allocate('int64', types[0]!.dims);
  const from = cellsOf(data) as Cells<number>;
  const [inner, outer] = [stridesOf(dims), stridesOf(types[0]!.dims)];
  walk(dims.with(axis, 1), [inner, outer], (_, [start, target]) => {
    const order = Array.from({ length: dims[axis]! }, (_, k) => k);
    const at = (k: number) => from[start! + k * inner[axis]!]!;
    // Equal values keep the order of their indices.
    order.sort((a, b) => (at(a) < at(b) ? -sign : at(a) > at(b) ? sign : 0) || a - b);
    for (let k = 0; k < types[0]!.dims[axis]!; k++) {
      values.cells[target! + k * outer[axis]!] = at(order[k]!);
      indices.cells[target! + k * outer[axis]!] = BigInt(order[k]!);
    }
  });
  return [values.tensor, indices.tensor];
};

export const reduceEvaluators: Readonly<Record<string, Evaluator>> = {
  ...Object.fromEntries(Object.keys(numberFolds).map((op) => [op, reduce])),
  CumSum: cumSum,
  ArgMax: argument,
  ArgMin: argument,
  TopK: topK,
};
