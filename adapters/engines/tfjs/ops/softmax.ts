import { intOf } from '../../../../core/onnx/attributes.js';
import { axisIn } from '../../../../core/onnx/shapes/call.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type Kernel, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { around } from '../shapes.js';

export const softmax: KernelTable = kernels('float', {
  Softmax: along((tf, x) => {
    const powers = tf.exp(shifted(tf, x));
    return tf.div(powers, tf.sum(powers, [1], true));
  }),
  LogSoftmax: along((tf, x) => {
    const below = shifted(tf, x);
    return tf.sub(below, tf.log(tf.sum(tf.exp(below), [1], true)));
  }),
  Hardmax: along((tf, x) => {
    const [, extent] = x.shape as [number, number];
    const positions = tf.tensor(
      Int32Array.from({ length: extent }, (_, i) => i),
      [1, extent, 1],
      'int32',
    );
    const winner = tf.argMax(x, 1);
    return tf.cast(tf.equal(positions, tf.reshape(winner, [winner.shape[0]!, 1, winner.shape[1]!])), 'float32');
  }),
});

/** x - max x, so that no power overflows. */
function shifted(tf: Tf, x: TfTensor): TfTensor {
  return tf.sub(x, tf.max(x, [1], true));
}

/** x as [outer, axis, inner]. Before opset 13 the axis and all behind it are one. */
function along(formula: (tf: Tf, x: TfTensor) => TfTensor): Kernel {
  return (c: KernelCall) => {
    const dims = c.dims(0);
    if (dims.length === 0) return formula(c.tf, c.x(0, [1, 1, 1]));
    const axis = axisIn(c.op, intOf(c.node, 'axis', c.op.opset < 13 ? 1 : -1), dims.length);
    const shape = c.op.opset < 13 ? [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis)), 1] : around(dims, axis);
    return formula(c.tf, c.x(0, shape));
  };
}
