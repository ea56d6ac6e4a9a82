import { floatOf, intOf } from '../../../../core/onnx/attributes.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { collapsed, expanded } from '../shapes.js';
import { broadcastDims } from './arithmetic.js';

export const matmul: KernelTable = kernels('float', {
  MatMul: (c) => {
    const row = c.dims(0).length === 1 ? [1, ...c.dims(0)] : c.dims(0);
    const column = c.dims(1).length === 1 ? [...c.dims(1), 1] : c.dims(1);
    return multiplied(c.tf, c.x(0), row, c.x(1), column);
  },
  Gemm: (c) => {
    const { tf, node } = c;
    const flag = (name: string): boolean => intOf(node, name, 0) !== 0;
    const [alpha, beta] = [floatOf(node, 'alpha', 1), floatOf(node, 'beta', 1)];
    const product = tf.matMul(c.x(0), c.x(1), flag('transA'), flag('transB'));
    const scaled = alpha === 1 ? product : tf.mul(product, tf.scalar(alpha));
    if (!c.has(2) || beta === 0) return scaled;
    const [full, bias] = collapsed(c.out[0]!.dims, [c.out[0]!.dims, c.dims(2)]) as [number[], number[]];
    const added = beta === 1 ? c.x(2, bias) : tf.mul(c.x(2, bias), tf.scalar(beta));
    return tf.add(tf.reshape(scaled, full), added);
  },
});

/** [..., rows, inner] times [..., inner, columns]; leading axes broadcast. */
export function multiplied(
  tf: Tf,
  a: TfTensor,
  aDims: readonly number[],
  b: TfTensor,
  bDims: readonly number[],
): TfTensor {
  const [rows, inner] = aDims.slice(-2) as [number, number];
  const columns = bDims.at(-1)!;
  const [left, right] = [aDims.slice(0, -2), bDims.slice(0, -2)];
  if (sizeOf(right) === 1) {
    return tf.matMul(tf.reshape(a, [sizeOf(left) * rows, inner]), tf.reshape(b, [inner, columns]));
  }
  const batch = broadcastDims(left, right);
  const stack = (x: TfTensor, own: readonly number[], matrix: readonly number[]): TfTensor =>
    tf.reshape(expanded(tf, x, [...own, ...matrix], [...batch, ...matrix]), [sizeOf(batch), ...matrix]);
  return tf.matMul(stack(a, left, [rows, inner]), stack(b, right, [inner, columns]));
}
