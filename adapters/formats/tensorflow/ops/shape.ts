import { numbersOf } from '../../../../core/onnx/tensor.js';
import type { Convert, OpContext } from '../context.js';

export const reshape: Convert = (c) => c.emit.op('Reshape', [c.input(0), c.int64(1)], { allowzero: 1 });

export const shape: Convert = (c) => outType(c, c.emit.op('Shape', [c.input(0)]));

export const shapeN: Convert = (c) => c.inputs.map((value) => outType(c, c.emit.op('Shape', [value])));

export const size: Convert = (c) => outType(c, c.emit.op('Size', [c.input(0)]));

export const rank: Convert = (c) => c.cast(c.emit.op('Size', [c.emit.op('Shape', [c.input(0)])]), 'int32');

function outType(c: OpContext, value: string): string {
  const wanted = c.node.attrs.has('out_type') ? c.dtype('out_type') : 'int32';
  return wanted === 'int64' ? value : c.cast(value, wanted);
}

/** Without dims, all axes of extent 1 go. */
export const squeeze: Convert = (c) => {
  const axes = c.list(c.node.attrs.has('squeeze_dims') ? 'squeeze_dims' : 'axis');
  return c.emit.op('Squeeze', axes.length > 0 ? [c.input(0), c.vector(...axes)] : [c.input(0)]);
};

export const expandDims: Convert = (c) =>
  c.emit.op('Unsqueeze', [c.input(0), c.emit.op('Reshape', [c.int64(1), c.vector(1)])]);

export const transpose: Convert = (c) => c.emit.op('Transpose', [c.input(0)], { perm: c.integers(1) });

export const tile: Convert = (c) => c.emit.op('Tile', [c.input(0), c.int64(1)]);

export const broadcastTo: Convert = (c) => c.emit.op('Expand', [c.input(0), c.int64(1)]);

export const fill: Convert = (c) => c.emit.op('Expand', [c.input(1), c.int64(0)]);

export const range: Convert = (c) => c.emit.op('Range', [c.input(0), c.input(1), c.input(2)]);

/** Pack stacks along a new axis. */
export const pack: Convert = (c) => {
  const axis = c.int('axis', 0);
  const parts = c.inputs.map((value) => c.emit.op('Unsqueeze', [value, c.vector(axis)]));
  return c.emit.op('Concat', parts, { axis });
};

export const unpack: Convert = (c) => {
  const axis = c.int('axis', 0);
  const count = outputCount(c, 'num');
  const parts = count === 1 ? [c.input(0)] : c.emit.ops('Split', [c.input(0)], count, { axis, num_outputs: count });
  return parts.map((part) => c.emit.op('Squeeze', [part, c.vector(axis)]));
};

export const concatV2: Convert = (c) => {
  const axis = c.integers(c.inputs.length - 1)[0]!;
  return c.emit.op('Concat', c.inputs.slice(0, -1), { axis });
};

/** Concat: the axis comes first. */
export const concat: Convert = (c) => c.emit.op('Concat', c.inputs.slice(1), { axis: c.integers(0)[0]! });

/** Split(axis, value). */
export const split: Convert = (c) => {
  const count = outputCount(c, 'num_split');
  const axis = c.integers(0)[0]!;
  return count === 1 ? [c.input(1)] : c.emit.ops('Split', [c.input(1)], count, { axis, num_outputs: count });
};

/** SplitV(value, sizes, axis); one size may be -1. */
export const splitV: Convert = (c) => {
  const sizes = c.integers(1);
  const axis = c.integers(2)[0]!;
  if (sizes.length === 1) return [c.input(0)];
  const open = sizes.indexOf(-1);
  const known = sizes.map((size) => Math.max(0, size));
  if (open < 0) return c.emit.ops('Split', [c.input(0), c.vector(...known)], sizes.length, { axis });
  const extent = c.emit.op('Gather', [c.emit.op('Shape', [c.input(0)]), c.vector(axis)]);
  const rest = c.emit.op('Sub', [extent, c.vector(known.reduce((sum, value) => sum + value, 0))]);
  const parts = [c.vector(...known.slice(0, open)), rest, c.vector(...known.slice(open + 1))];
  const list = c.emit.op('Concat', parts, { axis: 0 });
  return c.emit.ops('Split', [c.input(0), list], sizes.length, { axis });
};

function outputCount(c: OpContext, attr: string): number {
  const count = c.int(attr, 0);
  if (!(count >= 1 && count <= maxOutputs)) c.malformed(`has ${count} outputs`);
  return count;
}

const maxOutputs = 10_000;

/** Pad: [n, 2] pairs; ONNX takes all beginnings, then all ends. */
export const pad: Convert = (c) => c.emit.op('Pad', [c.input(0), padsOf(c), ...c.inputs.slice(2, 3)]);

export function padsOf(c: OpContext): string {
  const pairs = c.constant(1);
  if (pairs) {
    const values = numbersOf(pairs);
    return c.vector(...values.filter((_, i) => i % 2 === 0), ...values.filter((_, i) => i % 2 === 1));
  }
  return c.emit.op('Reshape', [c.emit.transpose(c.int64(1), [1, 0]), c.vector(-1)]);
}

/** SYMMETRIC repeats the border itself: for one element that is the edge, for more it is put together. */
export const mirrorPad: Convert = (c) => {
  const mode = c.text('mode', 'REFLECT');
  if (mode === 'REFLECT') return c.emit.op('Pad', [c.input(0), padsOf(c)], { mode: 'reflect' });
  const pairs = c.integers(1);
  if (pairs.every((count) => count <= 1)) return c.emit.op('Pad', [c.input(0), padsOf(c)], { mode: 'edge' });
  let value = c.input(0);
  for (let axis = 0; axis < pairs.length / 2; axis++) {
    const [before, after] = [pairs[2 * axis]!, pairs[2 * axis + 1]!];
    const parts = [value];
    // Backwards from element `before - 1` to 0, and from the last one on.
    if (before > 0) parts.unshift(c.emit.slice(value, [before - 1], [-toTheEnd], [axis], [-1]));
    if (after > 0) parts.push(c.emit.slice(value, [-1], [-after - 1], [axis], [-1]));
    if (parts.length > 1) value = c.emit.op('Concat', parts, { axis });
  }
  return value;
};

const toTheEnd = 2 ** 31 - 1;
