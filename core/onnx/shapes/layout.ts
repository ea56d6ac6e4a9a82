import { intOf, intsOf } from '../attributes.js';
import { sizeOf } from '../tensor.js';
import { axesIn, axisIn, broadcast, input, malformed, integersAt, requiredIntegers } from './call.js';
import type { OpCall, ShapeRule } from './call.js';

/** 0 copies the input's dim unless `allowzero`; one -1 takes what is left. */
export const reshape: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const allowZero = intOf(call.node, 'allowzero', 0) !== 0;
  const shape = requiredIntegers(call, 1).map((dim, axis) => {
    if (dim !== 0 || allowZero) return dim;
    const copied = dims[axis];
    if (copied === undefined) throw malformed(call, `copies axis ${axis} of an input with ${dims.length} axes`);
    return copied;
  });
  const free = shape.indexOf(-1);
  if (free >= 0) {
    const rest = sizeOf(shape.toSpliced(free, 1));
    shape[free] = rest === 0 ? 0 : sizeOf(dims) / rest;
  }
  if (shape.some((dim) => !Number.isInteger(dim) || dim < 0) || sizeOf(shape) !== sizeOf(dims)) {
    throw malformed(call, `cannot give [${dims.join(', ')}] the shape [${requiredIntegers(call, 1).join(', ')}]`);
  }
  return [{ dtype, dims: shape }];
};

export const flatten: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const axis = intOf(call.node, 'axis', 1);
  const split = axis < 0 ? axis + dims.length : axis;
  // Unlike other axes, `axis` may equal the rank.
  if (split < 0 || split > dims.length)
    throw malformed(call, `has axis ${axis}, but its input has ${dims.length} axes`);
  return [{ dtype, dims: [sizeOf(dims.slice(0, split)), sizeOf(dims.slice(split))] }];
};

export const transpose: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const order = permutationOf(call, dims.length);
  return [{ dtype, dims: order.map((axis) => dims[axis]!) }];
};

/** `perm`, by default the reversed order of axes. */
export function permutationOf(call: OpCall, rank: number): number[] {
  const perm = intsOf(call.node, 'perm', undefined);
  if (perm === undefined) return Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (perm.length !== rank) throw malformed(call, `permutes ${perm.length} axes of an input with ${rank}`);
  return axesIn(call, perm, rank);
}

/** Axes are an attribute before opset 13 and an input from then on. */
export const squeeze: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const given = call.opset >= 13 ? integersAt(call, 1) : intsOf(call.node, 'axes', undefined);
  if (given === undefined) return [{ dtype, dims: dims.filter((dim) => dim !== 1) }];
  const axes = axesIn(call, given, dims.length);
  const large = axes.find((axis) => dims[axis] !== 1);
  if (large !== undefined) throw malformed(call, `cannot squeeze axis ${large} of [${dims.join(', ')}]`);
  return [{ dtype, dims: dims.filter((_, axis) => !axes.includes(axis)) }];
};

export const unsqueeze: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const given = call.opset >= 13 ? requiredIntegers(call, 1) : intsOf(call.node, 'axes', []);
  const axes = axesIn(call, given, dims.length + given.length);
  const rest = dims[Symbol.iterator]();
  const length = dims.length + given.length;
  return [{ dtype, dims: Array.from({ length }, (_, axis) => (axes.includes(axis) ? 1 : rest.next().value!)) }];
};

export const expand: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  return [{ dtype, dims: broadcast(call, dims, shapeFrom(call, 1)) }];
};

export const tile: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const repeats = shapeFrom(call, 1);
  if (repeats.length !== dims.length)
    throw malformed(call, `repeats ${repeats.length} axes of an input with ${dims.length}`);
  return [{ dtype, dims: dims.map((dim, axis) => dim * repeats[axis]!) }];
};

/** A constant input that is a shape: no negative values. */
export function shapeFrom(call: OpCall, index: number): number[] {
  const shape = requiredIntegers(call, index);
  if (shape.some((dim) => dim < 0)) throw malformed(call, `takes the shape [${shape.join(', ')}]`);
  return shape;
}

export const concat: ShapeRule = (call) => {
  const first = input(call, 0);
  const axis = axisIn(call, intOf(call.node, 'axis', 0), first.dims.length);
  let total = 0;
  for (let index = 0; index < call.types.length; index++) {
    const { dtype, dims } = input(call, index);
    const fits = dims.length === first.dims.length && dims.every((dim, a) => a === axis || dim === first.dims[a]);
    if (!fits || dtype !== first.dtype) {
      throw malformed(
        call,
        `cannot join ${first.dtype}[${first.dims.join(', ')}] and ${dtype}[${dims.join(', ')}] along axis ${axis}`,
      );
    }
    total += dims[axis]!;
  }
  return [{ dtype: first.dtype, dims: first.dims.with(axis, total) }];
};

export const split: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const { axis, sizes } = splitOf(call);
  return sizes.map((size) => ({ dtype, dims: dims.with(axis, size) }));
};

/**
 * Sizes are an attribute before opset 13 and an input from then on; without them the parts are equal. From opset 18 on the
 * last part may be smaller.
 */
export function splitOf(call: OpCall): { axis: number; sizes: readonly number[] } {
  const { dims } = input(call, 0);
  const axis = axisIn(call, intOf(call.node, 'axis', 0), dims.length);
  const dim = dims[axis]!;
  const given = call.opset >= 13 ? integersAt(call, 1) : intsOf(call.node, 'split', undefined);
  const parts = given?.length ?? intOf(call.node, 'num_outputs', call.node.outputs.length);
  if (parts < call.node.outputs.length) {
    throw malformed(call, `has ${call.node.outputs.length} outputs but makes ${parts} parts`);
  }
  const even = Math.ceil(dim / Math.max(parts, 1));
  const sizes = given ?? Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(even, dim - i * even)));
  const exact = given !== undefined || call.opset >= 18 || dim % parts === 0;
  if (!exact || sizes.some((size) => size < 0) || sizes.reduce((sum, size) => sum + size, 0) !== dim) {
    throw malformed(
      call,
      `cannot split ${dim} elements into ${given ? `parts of ${given.join(', ')}` : `${parts} parts`}`,
    );
  }
  return { axis, sizes };
}

/** Per axis of the input: first index, step and number of elements taken. */
export interface SliceRange {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

export const slice: ShapeRule = (call) => {
  const { dtype } = input(call, 0);
  return [{ dtype, dims: sliceOf(call).map((range) => range.count) }];
};

/** Attributes before opset 10, inputs from then on; out-of-range ends are clamped. */
export function sliceOf(call: OpCall): SliceRange[] {
  const { dims } = input(call, 0);
  const byInput = call.opset >= 10;
  const starts = byInput ? requiredIntegers(call, 1) : intsOf(call.node, 'starts', []);
  const ends = byInput ? requiredIntegers(call, 2) : intsOf(call.node, 'ends', []);
  const named = byInput ? integersAt(call, 3) : intsOf(call.node, 'axes', undefined);
  const axes = axesIn(call, named ?? starts.map((_, axis) => axis), dims.length);
  const steps = (byInput ? integersAt(call, 4) : undefined) ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) {
    throw malformed(call, 'has starts, ends, axes and steps of different lengths');
  }
  const ranges: SliceRange[] = dims.map((dim) => ({ start: 0, step: 1, count: dim }));
  axes.forEach((axis, i) => {
    const [dim, step] = [dims[axis]!, steps[i]!];
    if (step === 0) throw malformed(call, 'has a step of 0');
    const absolute = (index: number, low: number, high: number) =>
      Math.min(Math.max(index < 0 ? index + dim : index, low), high);
    const [low, high] = step > 0 ? [0, dim] : [-1, dim - 1];
    const start = absolute(starts[i]!, Math.max(low, 0), high);
    const end = absolute(ends[i]!, low, high);
    ranges[axis] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

export const pad: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const filler = call.opset >= 11 ? call.types[2] : undefined;
  if (filler !== undefined && filler.dtype !== dtype) throw malformed(call, `pads ${dtype} with ${filler.dtype}`);
  const { begin, end } = padOf(call);
  const padded = dims.map((dim, axis) => dim + begin[axis]! + end[axis]!);
  if (padded.some((dim) => dim < 0)) throw malformed(call, `crops more than there is of [${dims.join(', ')}]`);
  return [{ dtype, dims: padded }];
};

/** Elements added (or, when negative, removed) per axis; the attribute before opset 11, inputs from then on, axes from 18. */
export function padOf(call: OpCall): { begin: number[]; end: number[] } {
  const rank = input(call, 0).dims.length;
  const pads = call.opset >= 11 ? requiredIntegers(call, 1) : intsOf(call.node, 'pads', []);
  const named = call.opset >= 18 ? integersAt(call, 3) : undefined;
  const axes = named === undefined ? Array.from({ length: rank }, (_, axis) => axis) : axesIn(call, named, rank);
  if (pads.length !== 2 * axes.length) throw malformed(call, `has ${pads.length} pads for ${axes.length} axes`);
  const begin = new Array<number>(rank).fill(0);
  const end = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    begin[axis] = pads[i]!;
    end[axis] = pads[axes.length + i]!;
  });
  return { begin, end };
}

export const depthToSpace: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const [batch, channels, height, width] = fourAxes(call, dims);
  const block = intOf(call.node, 'blocksize', 0);
  if (block < 1 || channels % block ** 2 !== 0)
    throw malformed(call, `cannot use block size ${block} on ${channels} channels`);
  return [{ dtype, dims: [batch, channels / block ** 2, height * block, width * block] }];
};

export const spaceToDepth: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const [batch, channels, height, width] = fourAxes(call, dims);
  const block = intOf(call.node, 'blocksize', 0);
  if (block < 1 || height % block !== 0 || width % block !== 0) {
    throw malformed(call, `cannot use block size ${block} on ${height} x ${width}`);
  }
  return [{ dtype, dims: [batch, channels * block ** 2, height / block, width / block] }];
};

function fourAxes(call: OpCall, dims: readonly number[]): [number, number, number, number] {
  if (dims.length !== 4) throw malformed(call, `needs an input with 4 axes, not ${dims.length}`);
  return [...dims] as [number, number, number, number];
}

export const centerCropPad: ShapeRule = (call) => {
  const { dtype, dims } = input(call, 0);
  const axes = axesIn(call, intsOf(call.node, 'axes', undefined) ?? dims.map((_, axis) => axis), dims.length);
  const shape = shapeFrom(call, 1);
  if (shape.length !== axes.length)
    throw malformed(call, `has a shape of ${shape.length} dims for ${axes.length} axes`);
  const result = [...dims];
  axes.forEach((axis, i) => (result[axis] = shape[i]!));
  return [{ dtype, dims: result }];
};

export const layoutShapes: Readonly<Record<string, ShapeRule>> = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  CenterCropPad: centerCropPad,
  ReverseSequence: (call) => [input(call, 0)],
};
