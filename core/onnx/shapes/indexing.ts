import { intOf } from '../attributes.js';
import { sizeOf } from '../tensor.js';
import { axisIn, input, malformed, requiredInteger, requiredNumber, requiredNumbers } from './call.js';
import type { ShapeRule } from './call.js';
import { sameElements } from './math.js';

export const gather: ShapeRule = (call) => {
  const [data, indices] = [input(call, 0), input(call, 1)];
  const axis = axisIn(call, intOf(call.node, 'axis', 0), data.dims.length);
  return [{ dtype: data.dtype, dims: data.dims.toSpliced(axis, 1, ...indices.dims) }];
};

export const gatherElements: ShapeRule = (call) => {
  const [data, indices] = [input(call, 0), input(call, 1)];
  const axis = axisIn(call, intOf(call.node, 'axis', 0), data.dims.length);
  if (!fitsAlong(data.dims, indices.dims, axis)) throw malformed(call, 'has indices that do not fit its data');
  return [{ dtype: data.dtype, dims: indices.dims }];
};

export const gatherND: ShapeRule = (call) => {
  const [data, indices] = [input(call, 0), input(call, 1)];
  const batchDims = intOf(call.node, 'batch_dims', 0);
  const tuple = indices.dims.at(-1);
  if (
    tuple === undefined ||
    tuple < 1 ||
    batchDims + tuple > data.dims.length ||
    batchDims >= indices.dims.length ||
    indices.dims.slice(0, batchDims).some((dim, axis) => dim !== data.dims[axis])
  ) {
    throw malformed(call, `cannot index [${data.dims.join(', ')}] with indices [${indices.dims.join(', ')}]`);
  }
  return [{ dtype: data.dtype, dims: [...indices.dims.slice(0, -1), ...data.dims.slice(batchDims + tuple)] }];
};

/** Indices reach no further than the data on all axes but one. */
function fitsAlong(data: readonly number[], indices: readonly number[], axis: number): boolean {
  return data.length === indices.length && indices.every((dim, a) => a === axis || dim <= data[a]!);
}

export const scatterElements: ShapeRule = (call) => {
  const [data, indices, updates] = [input(call, 0), input(call, 1), input(call, 2)];
  const axis = axisIn(call, intOf(call.node, 'axis', 0), data.dims.length);
  sameElements(call, data, updates);
  if (!fitsAlong(data.dims, indices.dims, axis) || sizeOf(indices.dims) !== sizeOf(updates.dims)) {
    throw malformed(call, 'has data, indices and updates that do not fit together');
  }
  return [data];
};

export const scatterND: ShapeRule = (call) => {
  const [data, indices, updates] = [input(call, 0), input(call, 1), input(call, 2)];
  const tuple = indices.dims.at(-1);
  sameElements(call, data, updates);
  if (tuple === undefined || tuple > data.dims.length) {
    throw malformed(call, `cannot index [${data.dims.join(', ')}] with indices [${indices.dims.join(', ')}]`);
  }
  if (sizeOf(updates.dims) !== sizeOf([...indices.dims.slice(0, -1), ...data.dims.slice(tuple)])) {
    throw malformed(call, 'has updates that do not fit its indices');
  }
  return [data];
};

/** Indices, depth, [off value, on value]. */
export const oneHot: ShapeRule = (call) => {
  const [indices, values] = [input(call, 0), input(call, 2)];
  const axis = axisIn(call, intOf(call.node, 'axis', -1), indices.dims.length + 1);
  if (sizeOf(values.dims) !== 2) throw malformed(call, 'needs two values, off and on');
  const depth = Math.trunc(requiredNumber(call, 1));
  if (!(depth >= 1)) throw malformed(call, `has depth ${depth}`);
  return [{ dtype: values.dtype, dims: indices.dims.toSpliced(axis, 0, depth) }];
};

export const topK: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const axis = axisIn(call, intOf(call.node, 'axis', -1), dims.length);
  const k = call.opset >= 10 ? requiredInteger(call, 1) : intOf(call.node, 'k', 0);
  if (k < 0 || k > dims[axis]!) throw malformed(call, `takes ${k} of ${dims[axis]} elements`);
  const taken = dims.with(axis, k);
  return [
    { dtype, dims: taken },
    { dtype: 'int64', dims: taken },
  ];
};

/** The output's shape is data: only a constant has one. */
export const nonZero: ShapeRule = (call) => {
  const { dims } = input(call, 0);
  const count = requiredNumbers(call, 0).filter((value) => value !== 0).length;
  return [{ dtype: 'int64', dims: [dims.length, count] }];
};

/** Keeps the elements along an axis (by default: of the flattened input) where a constant condition is true. */
export const compress: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const count = requiredNumbers(call, 1).filter((value) => value !== 0).length;
  const axis = intOf(call.node, 'axis', undefined);
  return [{ dtype, dims: axis === undefined ? [count] : dims.with(axisIn(call, axis, dims.length), count) }];
};

export const indexingShapes: Readonly<Record<string, ShapeRule>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  OneHot: oneHot,
  TopK: topK,
  NonZero: nonZero,
  Compress: compress,
  TensorScatter: (call) => [input(call, 0)],
};
