import { numbersOf, sizeOf } from '../../onnx/tensor.js';
import { throughAxis } from './axis-map.js';
import { reshapeGradient } from './broadcast.js';
import { along, normalised } from './concat.js';
import type { BackwardRule } from './rule.js';

/** Constant indices along one axis: dX sums dY over the places an element was copied to. */
export const gather: BackwardRule = (c) => {
  const indices = c.constant(c.input(1));
  if (!indices) return c.unsupported('indices that are not constant');
  const x = c.dims(c.input(0));
  const axis = normalised(c.int('axis', 0), x.length);
  const extent = x[axis]!;
  const picked = numbersOf(indices).map((index) => (index < 0 ? index + extent : index));
  const dY = axis === 0 ? c.fullDY() : c.dY();
  const flat = [...dY.dims.slice(0, axis), picked.length, ...dY.dims.slice(axis + indices.dims.length)];
  const name = reshapeGradient(c.emit, dY.name, flat);
  const dims = flat.map((dim, k) => (k === axis ? extent : dim));
  const consecutive = picked.every((index, i) => index === picked[0]! + i);
  if (consecutive) {
    const before = along(axis + 1, dims.length + 1, picked[0] ?? 0);
    const after = along(axis + 1, dims.length + 1, extent - (picked[0] ?? 0) - picked.length);
    return [{ name: c.emit.pad(name, before, after), dims }];
  }
  const matrix = new Float32Array(sizeOf([picked.length, extent]));
  picked.forEach((index, row) => (matrix[row * extent + index] = 1));
  return [throughAxis(c, { name, dims: flat }, axis, extent, matrix)];
};
