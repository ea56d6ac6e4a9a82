import type { Convert, OpContext } from '../context.js';
import { inChannelsFirst } from './layout.js';

export const depthToSpace: Convert = (c) =>
  inChannelsFirst(c, c.input(0), (x) =>
    c.emit.op('DepthToSpace', [x], { blocksize: c.int('block_size', 2), mode: 'DCR' }),
  );

export const spaceToDepth: Convert = (c) =>
  inChannelsFirst(c, c.input(0), (x) => c.emit.op('SpaceToDepth', [x], { blocksize: c.int('block_size', 2) }));

/**
 * SpaceToBatchND(x, block, paddings), by its definition: padded, each of the first spatial axes split into
 * (size / block, block), the blocks moved in front of the batch and merged into it.
 */
export const spaceToBatch: Convert = (c) => {
  const block = c.integers(1);
  const m = block.length;
  const padded = c.emit.op('Pad', [c.input(0), borders(c), '', c.vector(...block.map((_, i) => i + 1))]);
  const dims = c.emit.op('Shape', [padded]);
  const sizes = block.map((size, i) => c.emit.op('Div', [axisOf(c, dims, i + 1), c.vector(size)]));
  const blocks = block.map((size) => c.vector(size));
  const batch = axisOf(c, dims, 0);
  const opened = c.emit.op('Reshape', [
    padded,
    join(c, [batch, ...block.flatMap((_, i) => [sizes[i]!, blocks[i]!]), c.vector(-1)]),
  ]);
  // [N, s1, b1, s2, b2, rest] -> [b1, b2, N, s1, s2, rest]
  const turned = c.emit.transpose(opened, [
    ...block.map((_, i) => 2 * i + 2),
    0,
    ...block.map((_, i) => 2 * i + 1),
    2 * m + 1,
  ]);
  return c.emit.op('Reshape', [turned, join(c, [c.vector(-1), ...sizes, restOf(c, dims, m)])]);
};

/** BatchToSpaceND(x, block, crops): the way back, and a crop. */
export const batchToSpace: Convert = (c) => {
  const block = c.integers(1);
  const m = block.length;
  const dims = c.emit.op('Shape', [c.input(0)]);
  const sizes = block.map((_, i) => axisOf(c, dims, i + 1));
  const opened = c.emit.op('Reshape', [
    c.input(0),
    join(c, [
      ...block.map((size) => c.vector(size)),
      c.emit.op('Div', [axisOf(c, dims, 0), c.vector(block.reduce((product, size) => product * size, 1))]),
      ...sizes,
      c.vector(-1),
    ]),
  ]);
  // [b1, b2, N, s1, s2, rest] -> [N, s1, b1, s2, b2, rest]
  const turned = c.emit.transpose(opened, [m, ...block.flatMap((_, i) => [m + 1 + i, i]), 2 * m + 1]);
  const grown = sizes.map((size, i) => c.emit.op('Mul', [size, c.vector(block[i]!)]));
  const whole = c.emit.op('Reshape', [turned, join(c, [c.vector(-1), ...grown, restOf(c, dims, m)])]);
  const negative = c.emit.op('Neg', [borders(c)]);
  return c.emit.op('Pad', [whole, negative, '', c.vector(...block.map((_, i) => i + 1))]);
};

/** Paddings and crops come as [m, 2] pairs; ONNX takes beginnings, then ends. */
function borders(c: OpContext): string {
  return c.emit.op('Reshape', [c.emit.transpose(c.int64(2), [1, 0]), c.vector(-1)]);
}

function axisOf(c: OpContext, dims: string, axis: number): string {
  return c.emit.slice(dims, [axis], [axis + 1], [0]);
}

function restOf(c: OpContext, dims: string, m: number): string {
  return c.emit.slice(dims, [m + 1], [2 ** 31 - 1], [0]);
}

function join(c: OpContext, parts: readonly string[]): string {
  return c.emit.op('Concat', parts, { axis: 0 });
}
