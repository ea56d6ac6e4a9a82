import { isFloat } from '../../../core/onnx/dtypes.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import { float32, numbersOf } from '../../../core/onnx/tensor.js';
import type { Refusals } from './errors.js';

/** Weights of other floating-point types in the type that graphs compute in. */
export function asFloat32(tensor: Tensor, what: string, refuse: Refusals): Tensor {
  if (tensor.dtype === 'float32') return tensor;
  if (!isFloat(tensor.dtype))
    return refuse.unsupported(
      `${what} holds ${tensor.dtype} values: it is quantised. Save the model before it is quantised`,
    );
  const values = tensor.dtype === 'float64' ? Float32Array.from(tensor.data as Float64Array) : numbersOf(tensor);
  return float32(tensor.dims, values);
}
