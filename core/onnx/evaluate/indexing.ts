import { intOf, stringOf } from '../attributes.js';
import { axisIn, input, malformed, requiredIntegers, requiredNumbers } from '../shapes/call.js';
import type { OpCall } from '../shapes/call.js';
import { sizeOf } from '../tensor.js';
import type { Evaluator } from './call.js';
import { constantAt } from './call.js';
import { allocate, cellsOf, isBig, isNumeric, stridesOf, walk } from './cells.js';
import type { Cells } from './cells.js';

const gather: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const axis = axisIn(call, intOf(call.node, 'axis', 0), data.dims.length);
  const indices = within(call, requiredIntegers(call, 1), data.dims[axis]!);
  const { tensor, cells } = allocate(data.dtype, type!.dims);
  const from = cellsOf(data);
  const inner = sizeOf(data.dims.slice(axis + 1));
  const outer = sizeOf(data.dims.slice(0, axis));
  let i = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const start = (o * data.dims[axis]! + index) * inner;
      for (let k = 0; k < inner; k++) cells[i++] = from[start + k]!;
    }
  }
  return [tensor];
};

const gatherElements: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const axis = axisIn(call, intOf(call.node, 'axis', 0), data.dims.length);
  const indices = within(call, requiredIntegers(call, 1), data.dims[axis]!);
  const { tensor, cells } = allocate(data.dtype, type!.dims);
  const [from, strides] = [cellsOf(data), stridesOf(data.dims)];
  walk(type!.dims, [strides.with(axis, 0)], (i, [start]) => (cells[i] = from[start! + indices[i]! * strides[axis]!]!));
  return [tensor];
};

const gatherND: Evaluator = (call, [type]) => {
  const [data, indices] = [constantAt(call, 0), constantAt(call, 1)];
  const batchDims = intOf(call.node, 'batch_dims', 0);
  const tuple = indices.dims.at(-1)!;
  const starts = tupleOffsets(call, data.dims.slice(batchDims), requiredIntegers(call, 1), tuple);
  const { tensor, cells } = allocate(data.dtype, type!.dims);
  const from = cellsOf(data);
  const block = sizeOf(data.dims.slice(batchDims + tuple));
  const perBatch = sizeOf(indices.dims.slice(batchDims, -1));
  const batchSize = sizeOf(data.dims.slice(batchDims));
  starts.forEach((start, n) => {
    const base = Math.floor(n / perBatch) * batchSize + start;
    for (let k = 0; k < block; k++) cells[n * block + k] = from[base + k]!;
  });
  return [tensor];
};

const scatterElements: Evaluator = (call) => {
  const [data, indices, updates] = [constantAt(call, 0), constantAt(call, 1), constantAt(call, 2)];
  const reduction = reductionOf(call, isBig(data.dtype));
  if (reduction === undefined || (!isNumeric(data.dtype) && reduction !== replace)) return undefined;
  const axis = axisIn(call, intOf(call.node, 'axis', 0), data.dims.length);
  const positions = within(call, requiredIntegers(call, 1), data.dims[axis]!);
  const { tensor, cells } = copied(data);
  const [from, strides] = [cellsOf(updates), stridesOf(data.dims)];
  walk(indices.dims, [strides.with(axis, 0)], (i, [start]) => {
    const at = start! + positions[i]! * strides[axis]!;
    cells[at] = reduction(cells[at] as never, from[i] as never);
  });
  return [tensor];
};

const scatterND: Evaluator = (call) => {
  const [data, indices, updates] = [constantAt(call, 0), constantAt(call, 1), constantAt(call, 2)];
  const reduction = reductionOf(call, isBig(data.dtype));
  if (reduction === undefined || (!isNumeric(data.dtype) && reduction !== replace)) return undefined;
  const tuple = indices.dims.at(-1)!;
  const starts = tupleOffsets(call, data.dims, requiredIntegers(call, 1), tuple);
  const { tensor, cells } = copied(data);
  const [from, block] = [cellsOf(updates), sizeOf(data.dims.slice(tuple))];
  starts.forEach((start, n) => {
    for (let k = 0; k < block; k++) {
      cells[start + k] = reduction(cells[start + k] as never, from[n * block + k] as never);
    }
  });
  return [tensor];
};

type Reduction = (old: never, update: never) => number | bigint;
const replace: Reduction = (_, update) => update;
const reductions: Readonly<Record<string, Reduction>> = {
  none: replace,
  add: (old: number, update: number) => old + update,
  mul: (old: number, update: number) => old * update,
  max: (old, update) => (old > update ? old : update),
  min: (old, update) => (old < update ? old : update),
};

function reductionOf(call: OpCall, big: boolean): Reduction | undefined {
  const name = stringOf(call.node, 'reduction', 'none');
  // The store wraps sums of 64-bit integers around; products of many factors must not grow on the way.
  if (big && name === 'mul') return (old: bigint, update: bigint) => BigInt.asIntN(64, old * update);
  return reductions[name];
}

function copied(data: Parameters<typeof cellsOf>[0]): { tensor: typeof data; cells: Cells } {
  const result = allocate(data.dtype, data.dims);
  const from = cellsOf(data);
  for (let i = 0; i < from.length; i++) result.cells[i] = from[i]!;
  return result;
}

/** Negative indices count from the end. */
function within(call: OpCall, indices: readonly number[], dim: number): number[] {
  return indices.map((index) => {
    const positive = index < 0 ? index + dim : index;
    if (!(positive >= 0 && positive < dim)) throw malformed(call, `takes element ${index} of ${dim}`);
    return positive;
  });
}

/** Where the blocks start that tuples of indices into the leading axes point to. */
function tupleOffsets(call: OpCall, dims: readonly number[], indices: readonly number[], tuple: number): number[] {
  const strides = stridesOf(dims);
  const count = tuple === 0 ? 1 : indices.length / tuple;
  return Array.from({ length: count }, (_, n) => {
    let offset = 0;
    for (let k = 0; k < tuple; k++) offset += within(call, [indices[n * tuple + k]!], dims[k]!)[0]! * strides[k]!;
    return offset;
  });
}

/** Indices out of range give a row of off values. */
const oneHot: Evaluator = (call, [type]) => {
  const values = cellsOf(constantAt(call, 2));
  const { dims, dtype } = type!;
  const axis = axisIn(call, intOf(call.node, 'axis', -1), dims.length);
  const [depth, inner] = [dims[axis]!, sizeOf(dims.slice(axis + 1))];
  const { tensor, cells } = allocate(dtype, dims);
  for (let i = 0; i < cells.length; i++) cells[i] = values[0]!;
  requiredNumbers(call, 0).forEach((index, i) => {
    const positive = Math.trunc(index < 0 ? index + depth : index);
    if (positive < 0 || positive >= depth) return;
    cells[(Math.floor(i / inner) * depth + positive) * inner + (i % inner)] = values[1]!;
  });
  return [tensor];
};

/** One row per axis, positions in row-major order. */
const nonZero: Evaluator = (call, [type]) => {
  const { dims } = input(call, 0);
  const [strides, count] = [stridesOf(dims), type!.dims[1]!];
  const { tensor, cells } = allocate('int64', type!.dims);
  let found = 0;
  requiredNumbers(call, 0).forEach((value, i) => {
    if (value === 0) return;
    dims.forEach((dim, axis) => (cells[axis * count + found] = BigInt(Math.floor(i / strides[axis]!) % dim)));
    found++;
  });
  return [tensor];
};

export const indexingEvaluators: Readonly<Record<string, Evaluator>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  OneHot: oneHot,
  NonZero: nonZero,
};
