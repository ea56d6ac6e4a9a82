import { intOf } from '../../../../core/onnx/attributes.js';
import { kernels, type Kernel, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { collapsed } from '../shapes.js';

/** Arithmetic that broadcasts. Integers are computed on the host: int32 would overflow where int64 does not. */
export const arithmetic: KernelTable = {
  ...kernels('float', {
    Add: variadic((tf) => tf.add),
    Div: variadic((tf) => tf.div),
    Max: variadic((tf) => tf.maximum),
    Mean: (c) => c.tf.mul(fold(c, c.tf.add), c.tf.scalar(1 / c.node.inputs.length)),
    Min: variadic((tf) => tf.minimum),
    Mod: (c) => {
      if (intOf(c.node, 'fmod', 0) === 0) c.fail('Mod of floats needs fmod');
      return fold(c, (a, b) => fmod(c.tf, a, b));
    },
    Mul: variadic((tf) => tf.mul),
    PRelu: (c) => fold(c, (x, slope) => c.tf.add(c.tf.relu(x), c.tf.mul(c.tf.minimum(x, c.tf.scalar(0)), slope))),
    Sub: variadic((tf) => tf.sub),
    Sum: variadic((tf) => tf.add),
  }),
  ...kernels('first', {
    Pow: (c) => fold(c, (base, power) => c.tf.pow(base, c.tf.cast(power, 'float32'))),
  }),
};

function variadic(of: (tf: Tf) => (a: TfTensor, b: TfTensor) => TfTensor): Kernel {
  return (c) => fold(c, of(c.tf));
}

/** From the left; one input alone is the result. */
function fold(c: KernelCall, combine: (a: TfTensor, b: TfTensor) => TfTensor): TfTensor {
  const { tf } = c;
  let dims = c.dims(0);
  let result = c.x(0);
  for (let index = 1; index < c.node.inputs.length; index++) {
    const [a, b] = [dims, c.dims(index)];
    dims = broadcastDims(a, b);
    const shapes = collapsed(dims, [a, b]);
    result = combine(tf.reshape(result, shapes[0]!), c.x(index, shapes[1]));
  }
  return result;
}

/** The shape rule has checked that they fit. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    return x === 1 ? y : x;
  });
}

/** The sign follows the dividend; tfjs's own modulo follows the divisor. */
function fmod(tf: Tf, a: TfTensor, b: TfTensor): TfTensor {
  return tf.mul(tf.sign(a), tf.mod(tf.abs(a), tf.abs(b)));
}
