import { kernels, type Kernel, type KernelTable } from '../call.js';
import { carrierOf } from '../values.js';

/** Between float32, truth values and from integers; what becomes an integer is read on the host next, as indices are. */
const converted: Kernel = ({ tf, x, op, out }) => {
  const [from, to] = [op.types[0]!.dtype, out[0]!.dtype];
  if (from === to) return x(0);
  if (to === 'bool') return tf.cast(tf.notEqual(x(0), tf.scalar(0, carrierOf(from))), 'float32');
  return to === 'float32' ? tf.cast(x(0), 'float32') : 'host';
};

export const cast: KernelTable = kernels('moves', { Cast: converted, CastLike: converted });
