import { floatOf, intOf } from '../../../../core/onnx/attributes.js';
import { kernels, type KernelTable } from '../call.js';
import { around } from '../shapes.js';
import { padded } from './pad.js';

export const lrn: KernelTable = kernels('float', {
  /** x / (bias + alpha / size * the sum of x^2 over channels c - floor((size-1)/2) to c + ceil((size-1)/2))^beta */
  LRN: (c) => {
    const { tf, node } = c;
    const size = intOf(node, 'size', 1);
    const [alpha, beta, bias] = [floatOf(node, 'alpha', 1e-4), floatOf(node, 'beta', 0.75), floatOf(node, 'bias', 1)];
    const shape = around(c.dims(0), 1);
    const [batch, channels, pixels] = shape;
    const x = c.x(0, shape);
    const front = Math.floor((size - 1) / 2);
    const squares = padded(tf, tf.square(x), shape, [0, front, 0], [0, size - 1 - front, 0], 0);
    const grid = tf.reshape(squares, [batch, channels + size - 1, pixels]);
    let sum = tf.slice(grid, [0, 0, 0], shape);
    for (let k = 1; k < size; k++) sum = tf.add(sum, tf.slice(grid, [0, k, 0], shape));
    const base = tf.add(tf.mul(sum, tf.scalar(alpha / size)), tf.scalar(bias));
    return tf.div(x, tf.pow(base, tf.scalar(beta)));
  },
});
