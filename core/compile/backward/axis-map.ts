import type { BackwardContext, Gradient } from './rule.js';

/**
 * Transpose of a linear map along one axis: y_o = sum_i A[o, i] x_i has dX_i = sum_o A[o, i] dY_o.
 * Serves every op that copies or interpolates along an axis: Gather, Resize, Pad with reflection, CumSum.
 *
 * @param matrix row-major outputs x inputs.
 */
export function throughAxis(
  c: BackwardContext,
  gradient: Gradient,
  axis: number,
  inputs: number,
  matrix: Float32Array,
): Gradient {
  const { emit } = c;
  const outputs = matrix.length / inputs;
  const rank = gradient.dims.length;
  const constant = emit.constant({ dtype: 'float32', dims: [outputs, inputs], data: matrix }, 'matrix');
  const last = Array.from({ length: rank + 1 }, (_, i) => i).filter((i) => i !== axis + 1);
  const there = [...last, axis + 1];
  const back = Array.from({ length: rank + 1 }, (_, i) => there.indexOf(i));
  const moved = emit.transpose(gradient.name, there);
  const name = emit.transpose(emit.op('MatMul', [moved, constant]), back);
  return { name, dims: gradient.dims.map((dim, i) => (i === axis ? inputs : dim)) };
}
