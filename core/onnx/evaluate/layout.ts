import { intOf } from '../attributes.js';
import { axisIn, input, integersAt } from '../shapes/call.js';
import type { OpCall } from '../shapes/call.js';
import { padOf, permutationOf, sliceOf, splitOf } from '../shapes/layout.js';
import { stringOf } from '../attributes.js';
import { allocate, broadcastStrides, cellsOf, stridedCopy, stridesOf, walk } from './cells.js';
import type { Evaluator } from './call.js';
import { constantAt } from './call.js';

/** The same elements under another shape; nothing is copied. */
const view: Evaluator = (call, [type]) => [{ ...constantAt(call, 0), dims: type!.dims }];

const transpose: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const strides = stridesOf(data.dims);
  const order = permutationOf(call, data.dims.length);
  return [
    stridedCopy(
      data,
      type!.dims,
      order.map((axis) => strides[axis]!),
    ),
  ];
};

const expand: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  return [stridedCopy(data, type!.dims, broadcastStrides(data.dims, type!.dims))];
};

/** Each axis becomes a pair (repetition, element), the first with step 0. */
const tile: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const strides = stridesOf(data.dims);
  const pairs = data.dims.flatMap((dim, axis) => [dim === 0 ? 0 : type!.dims[axis]! / dim, dim]);
  return [
    stridedCopy(
      data,
      type!.dims,
      strides.flatMap((stride) => [0, stride]),
      0,
      pairs,
    ),
  ];
};

const slice: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const strides = stridesOf(data.dims);
  const ranges = sliceOf(call);
  const start = ranges.reduce((sum, range, axis) => sum + range.start * strides[axis]!, 0);
  return [
    stridedCopy(
      data,
      type!.dims,
      ranges.map((range, axis) => range.step * strides[axis]!),
      start,
    ),
  ];
};

const split: Evaluator = (call, types) => {
  const data = constantAt(call, 0);
  const { axis } = splitOf(call);
  const strides = stridesOf(data.dims);
  let begin = 0;
  return types.map(({ dims }) => {
    const part = stridedCopy(data, dims, strides, begin * strides[axis]!);
    begin += dims[axis]!;
    return part;
  });
};

const concat: Evaluator = (call, [type]) => {
  const { dtype, dims } = type!;
  const { tensor, cells } = allocate(dtype, dims);
  const axis = axisIn(call, intOf(call.node, 'axis', 0), dims.length);
  const strides = stridesOf(dims);
  let begin = 0;
  call.constants.forEach((_, index) => {
    const part = constantAt(call, index);
    const from = cellsOf(part);
    walk(part.dims, [strides], (i, offsets) => (cells[offsets[0]!] = from[i]!), [begin * strides[axis]!]);
    begin += part.dims[axis]!;
  });
  return [tensor];
};

/** Constant mode; negative pads crop. */
const pad: Evaluator = (call, [type]) => {
  if (stringOf(call.node, 'mode', 'constant') !== 'constant') return undefined;
  const data = constantAt(call, 0);
  // The attribute of old opsets is a float, whatever the elements are.
  if (call.opset < 11 && data.dtype !== 'float32') return undefined;
  const { begin } = padOf(call);
  const { tensor, cells } = allocate(data.dtype, type!.dims);
  const filler = fillerOf(call);
  if (filler !== undefined) for (let i = 0; i < cells.length; i++) cells[i] = filler;
  const [from, inner, outer] = [cellsOf(data), stridesOf(data.dims), stridesOf(type!.dims)];
  // The part of the input that survives cropping.
  const first = begin.map((pads) => Math.max(0, -pads));
  const kept = data.dims.map((dim, axis) => {
    const last = Math.min(dim, type!.dims[axis]! - begin[axis]!);
    return Math.max(0, last - first[axis]!);
  });
  const start = (strides: readonly number[], shift: readonly number[]) =>
    shift.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
  walk(kept, [inner, outer], (_, offsets) => (cells[offsets[1]!] = from[offsets[0]!]!), [
    start(inner, first),
    start(
      outer,
      begin.map((pads) => Math.max(0, pads)),
    ),
  ]);
  return [tensor];
};

function fillerOf(call: OpCall) {
  if (call.opset < 11) {
    const value = call.node.attributes.get('value');
    return value?.type === 'float' && value.value !== 0 ? value.value : undefined;
  }
  const constant = call.constants[2];
  return constant === undefined || constant.dims.includes(0) ? undefined : cellsOf(constant)[0];
}

/** Keeps the upper or lower triangle of the last two axes, shifted by k. */
const trilu: Evaluator = (call, [type]) => {
  const data = constantAt(call, 0);
  const { dims } = input(call, 0);
  if (dims.length < 2 || data.dtype === 'string') return undefined;
  const upper = intOf(call.node, 'upper', 1) !== 0;
  const shift = integersAt(call, 1)?.[0] ?? 0;
  const [rows, columns] = [dims.at(-2)!, dims.at(-1)!];
  const { tensor, cells } = allocate(data.dtype, type!.dims);
  const from = cellsOf(data);
  for (let i = 0; i < cells.length; i++) {
    const distance = (i % columns) - (Math.floor(i / columns) % rows) - shift;
    if (upper ? distance >= 0 : distance <= 0) cells[i] = from[i]!;
  }
  return [tensor];
};

export const layoutEvaluators: Readonly<Record<string, Evaluator>> = {
  Reshape: view,
  Flatten: view,
  Squeeze: view,
  Unsqueeze: view,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Slice: slice,
  Split: split,
  Concat: concat,
  Pad: pad,
  Trilu: trilu,
};
