import type { Tensor } from '../../../core/onnx/graph.js';
import { float32, sizeOf } from '../../../core/onnx/tensor.js';

/** A float32 tensor with its axes in another order: the one copy that a convolution's kernel takes. */
export function permuted(tensor: Tensor, perm: readonly number[]): Tensor {
  const from = tensor.data as Float32Array;
  const dims = perm.map((axis) => tensor.dims[axis]!);
  const strides = tensor.dims.map((_, axis) => sizeOf(tensor.dims.slice(axis + 1)));
  const steps = perm.map((axis) => strides[axis]!);
  const to = new Float32Array(from.length);
  const last = dims.length - 1;
  const [length, step] = [dims[last] ?? 1, steps[last] ?? 1];
  const place = new Array<number>(dims.length).fill(0);
  let source = 0;
  for (let at = 0; at < to.length; at += length) {
    for (let i = 0; i < length; i++) to[at + i] = from[source + i * step]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      source += steps[axis]!;
      if (++place[axis]! < dims[axis]!) break;
      source -= steps[axis]! * dims[axis]!;
      place[axis] = 0;
    }
  }
  return float32(dims, to);
}
