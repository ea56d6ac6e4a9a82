import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { TfTensor } from '../library.js';
import { expanded } from '../shapes.js';

export const selection: KernelTable = {
  ...kernels('moves', {
    Where: (c) => {
      const { tf, out, x, dims } = c;
      const full = (i: number): TfTensor => tf.reshape(expanded(tf, x(i), dims(i), out[0]!.dims), [-1]);
      return tf.where(tf.cast(full(0), 'bool'), full(1), full(2));
    },
  }),
  ...kernels('float', {
    /** The upper bound wins when the bounds are crossed. */
    Clip: (c) => {
      const raised = bounded(c, c.x(0), 1, 'min');
      return bounded(c, raised, 2, 'max');
    },
  }),
};

function bounded(c: KernelCall, x: TfTensor, index: number, name: 'min' | 'max'): TfTensor {
  const { tf } = c;
  const pick = name === 'min' ? tf.maximum : tf.minimum;
  if (c.op.opset >= 11) return c.has(index) ? pick(x, c.x(index, [])) : x;
  const attribute = c.node.attributes.get(name);
  return attribute?.type === 'float' ? pick(x, tf.scalar(attribute.value)) : x;
}
