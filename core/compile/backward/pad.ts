import { numbersOf } from '../../onnx/tensor.js';
import { axisMatrix, throughAxis } from './axis-map.js';
import { normalised } from './concat.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** Constant padding is cut off again; reflect, edge and wrap add what was copied into the padding back to its source. */
export const pad: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const { before, after } = padsOf(c, x.length);
  const mode = c.text('mode', 'constant');
  const touchesFirst = before[0] !== 0 || after[0] !== 0;
  let gradient: Gradient = touchesFirst ? c.fullDY() : c.dY();
  if (mode === 'constant') {
    const name = c.emit.pad(gradient.name, [0, ...before.map((p) => -p)], [0, ...after.map((p) => -p)]);
    return [{ name, dims: gradient.dims.map((dim, i) => (i === 0 && !touchesFirst ? dim : x[i]!)) }];
  }
  x.forEach((extent, axis) => {
    if (before[axis] === 0 && after[axis] === 0) return;
    gradient = throughAxis(c, gradient, axis, extent, copies(c, mode, extent, before[axis]!, after[axis]!));
  });
  return [gradient];
};

function padsOf(c: BackwardContext, rank: number): { before: number[]; after: number[] } {
  const pads = c.constant(c.input(1));
  const given = c.hasInput(3) ? c.constant(c.input(3)) : undefined;
  if (!pads || (c.hasInput(3) && !given)) c.unsupported('pads that are not constant');
  const values = numbersOf(pads);
  const axes = given
    ? numbersOf(given).map((axis) => normalised(axis, rank))
    : Array.from({ length: rank }, (_, i) => i);
  const before = Array<number>(rank).fill(0);
  const after = Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    before[axis] = values[i]!;
    after[axis] = values[axes.length + i]!;
  });
  return { before, after };
}

/** Row o has a 1 at the input element that output o is a copy of. */
function copies(c: BackwardContext, mode: string, extent: number, before: number, after: number): Float32Array {
  const outputs = before + extent + after;
  const matrix = axisMatrix(c, outputs, extent);
  for (let o = 0; o < outputs; o++) matrix[o * extent + sourceOf(c, mode, o - before, extent)] = 1;
  return matrix;
}

function sourceOf(c: BackwardContext, mode: string, at: number, extent: number): number {
  if (mode === 'edge') return Math.min(Math.max(at, 0), extent - 1);
  if (mode === 'wrap') return ((at % extent) + extent) % extent;
  if (mode !== 'reflect') return c.unsupported(`mode '${mode}'`);
  const period = Math.max(1, 2 * (extent - 1));
  const folded = ((at % period) + period) % period;
  return folded < extent ? folded : period - folded;
}
