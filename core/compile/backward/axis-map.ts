import { sizeOf } from '../../onnx/tensor.js';
import type { BackwardContext, Gradient } from './rule.js';

/**
 * Transpose of a linear map along one axis: y_o = sum_i A[o, i] x_i has dX_i = sum_o A[o, i] dY_o.
 * Serves every op that copies or interpolates along an axis: Gather, Resize, Pad with reflection, LRN.
 *
 * @param gradient not lazy along `axis`.
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
  const dims = gradient.dims.map((dim, i) => (i === axis ? inputs : dim));
  const behind = sizeOf(gradient.dims.slice(axis + 1));
  if (behind === 1) {
    const constant = emit.constant({ dtype: 'float32', dims: [outputs, inputs], data: matrix }, 'matrix');
    const rows = emit.reshape(gradient.name, [-1, outputs]);
    return { name: emit.reshape(emit.op('MatMul', [rows, constant]), [-1, ...dims]), dims };
  }
  const constant = emit.constant(
    { dtype: 'float32', dims: [inputs, outputs], data: transposed(matrix, inputs) },
    'matrix',
  );
  const columns = emit.reshape(gradient.name, [-1, outputs, behind]);
  return { name: emit.reshape(emit.op('MatMul', [constant, columns]), [-1, ...dims]), dims };
}

/** A matrix for {@link throughAxis}; refused where it would be larger than the layers of most models. */
export function axisMatrix(c: BackwardContext, outputs: number, inputs: number): Float32Array {
  if (outputs * inputs * 4 > maxMatrixBytes)
    c.unsupported(`a map from ${inputs} to ${outputs} elements along one axis`);
  return new Float32Array(outputs * inputs);
}

const maxMatrixBytes = 64 * 2 ** 20;

function transposed(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = matrix[row * columns + column]!;
  return result;
}
