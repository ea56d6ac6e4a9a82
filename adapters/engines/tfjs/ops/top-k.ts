import { intOf } from '../../../../core/onnx/attributes.js';
import { axisIn } from '../../../../core/onnx/shapes/call.js';
import { kernels, type KernelTable } from '../call.js';
import { around } from '../shapes.js';

export const topK: KernelTable = kernels('first', {
  /** Equal values keep the order of their indices, in ONNX and in tfjs. */
  TopK: (c) => {
    const { tf, node, out } = c;
    const axis = axisIn(c.op, intOf(node, 'axis', -1), c.dims(0).length);
    const largest = intOf(node, 'largest', 1) !== 0;
    const [outer, extent, inner] = around(c.dims(0), axis);
    const count = out[0]!.dims[axis]!;
    const x = c.x(0, [outer, extent, inner]);
    const last = tf.reshape(inner === 1 ? x : tf.transpose(x, [0, 2, 1]), [outer * inner, extent]);
    const { values, indices } = tf.topk(largest ? last : tf.neg(last), count, true);
    const back = (found: typeof values) =>
      inner === 1 ? found : tf.transpose(tf.reshape(found, [outer, inner, count]), [0, 2, 1]);
    return [back(largest ? values : tf.neg(values)), back(indices)];
  },
});
