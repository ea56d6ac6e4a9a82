import { sizeOf } from '../../onnx/tensor.js';
import { reshapeGradient } from './broadcast.js';
import type { BackwardRule } from './rule.js';

/** Reshape, Flatten, Squeeze, Unsqueeze: dY takes the input's shape back. The first axis stays lazy where it is left alone. */
export const reshape: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const y = c.dims(c.output());
  const lazy = c.lazyDY()!;
  if (sizeOf(lazy.dims) === 1 && sizeOf(y) !== 1) {
    const dims = x.map(() => 1);
    return [{ name: reshapeGradient(c.emit, lazy.name, dims), dims }];
  }
  const keepsFirst = x.length > 0 && y.length > 0 && x[0] === y[0];
  const dY = keepsFirst ? c.dY() : c.fullDY();
  const dims = keepsFirst ? [dY.dims[0]!, ...x.slice(1)] : x;
  return [{ name: reshapeGradient(c.emit, dY.name, dims), dims }];
};

/** dX = dY with the axes permuted back. */
export const transpose: BackwardRule = (c) => {
  const dY = c.lazyDY()!;
  const rank = dY.dims.length;
  const perm = c.ints('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const inverse = Array.from({ length: rank }, (_, axis) => perm.indexOf(axis));
  const name = c.emit.transpose(dY.name, [0, ...inverse.map((axis) => axis + 1)]);
  return [{ name, dims: inverse.map((axis) => dY.dims[axis]!) }];
};
