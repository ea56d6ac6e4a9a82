import { floatOf, intOf, intsOf } from '../../../../core/onnx/attributes.js';
import { axesIn, axisIn } from '../../../../core/onnx/shapes/call.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { around, transposed } from '../shapes.js';

export const normalization: KernelTable = kernels('float', {
  BatchNormalization: (c) => {
    const { tf, node } = c;
    if (intOf(node, 'training_mode', 0) !== 0) c.fail('training mode');
    if (node.outputs.slice(1).some((name) => name !== '')) c.fail('running statistics');
    const [batch, channels, inner] = around(c.dims(0), Math.min(1, c.dims(0).length - 1));
    const epsilon = floatOf(node, 'epsilon', 1e-5);
    // scale (x - mean) / sqrt(variance + epsilon) + bias as factor x + shift.
    const factor = c.once([1, 4], `batch ${epsilon}`, () =>
      tf.div(c.x(1, [channels, 1]), tf.sqrt(tf.add(c.x(4, [channels, 1]), tf.scalar(epsilon)))),
    );
    const shift = c.once([1, 2, 3, 4], `batch ${epsilon}`, () =>
      tf.sub(c.x(2, [channels, 1]), tf.mul(c.x(3, [channels, 1]), factor)),
    );
    return tf.add(tf.mul(c.x(0, [batch, channels, inner]), factor), shift);
  },
  LayerNormalization: (c) => {
    const { tf, node } = c;
    const dims = c.dims(0);
    const axis = axisIn(c.op, intOf(node, 'axis', -1), dims.length);
    const [rows, size] = [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis))];
    const { standard, mean, inverse } = standardised(tf, c.x(0, [rows, size]), floatOf(node, 'epsilon', 1e-5));
    const y = scaled(c, standard, dims.slice(axis));
    return [y, node.outputs[1] ? mean : undefined, node.outputs[2] ? inverse : undefined];
  },
  RMSNormalization: (c) => {
    const { tf, node } = c;
    const dims = c.dims(0);
    const axis = axisIn(c.op, intOf(node, 'axis', -1), dims.length);
    const x = c.x(0, [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis))]);
    const squares = tf.mean(tf.square(x), [1], true);
    const standard = tf.div(x, tf.sqrt(tf.add(squares, tf.scalar(floatOf(node, 'epsilon', 1e-5)))));
    return scaled(c, standard, dims.slice(axis));
  },
  InstanceNormalization: (c) => {
    const [batch, channels] = c.dims(0) as [number, number];
    return groupwise(c, batch, channels, channels, channels);
  },
  GroupNormalization: (c) => {
    const [batch, channels] = c.dims(0) as [number, number];
    return groupwise(c, batch, channels, intOf(c.node, 'num_groups', 1), c.dims(1)[0]!);
  },
  MeanVarianceNormalization: (c) => {
    const { tf } = c;
    const dims = c.dims(0);
    const axes = axesIn(c.op, intsOf(c.node, 'axes', [0, 2, 3]), dims.length);
    const kept = dims.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    const perm = [...kept, ...axes];
    const moved = transposed(tf, c.x(0), dims, perm);
    const rows = tf.reshape(moved, [sizeOf(kept.map((axis) => dims[axis]!)), sizeOf(axes.map((axis) => dims[axis]!))]);
    const centred = tf.sub(rows, tf.mean(rows, [1], true));
    const deviation = tf.add(tf.sqrt(tf.mean(tf.square(centred), [1], true)), tf.scalar(1e-9));
    const back = dims.map((_, axis) => perm.indexOf(axis));
    return transposed(
      tf,
      tf.div(centred, deviation),
      perm.map((axis) => dims[axis]!),
      back,
    );
  },
  LpNormalization: (c) => {
    const { tf, node } = c;
    const x = c.x(0, around(c.dims(0), axisIn(c.op, intOf(node, 'axis', -1), c.dims(0).length)));
    const norm = intOf(node, 'p', 2) === 1 ? tf.sum(tf.abs(x), [1], true) : tf.sqrt(tf.sum(tf.square(x), [1], true));
    // A row of zeros stays one.
    const divisor = tf.where(tf.equal(norm, tf.scalar(0)), tf.fill(norm.shape, 1, 'float32'), norm);
    return tf.div(x, divisor);
  },
});

/** (x - mean) / sqrt(variance + epsilon) per row. */
function standardised(
  tf: Tf,
  rows: TfTensor,
  epsilon: number,
): { standard: TfTensor; mean: TfTensor; inverse: TfTensor } {
  const mean = tf.mean(rows, [1], true);
  const centred = tf.sub(rows, mean);
  const variance = tf.mean(tf.square(centred), [1], true);
  const inverse = tf.div(tf.scalar(1), tf.sqrt(tf.add(variance, tf.scalar(epsilon))));
  return { standard: tf.mul(centred, inverse), mean, inverse };
}

/** Scale and bias broadcast against the normalised axes. */
function scaled(c: KernelCall, standard: TfTensor, inner: readonly number[]): TfTensor {
  const { tf } = c;
  const fits = (index: number): TfTensor => {
    const dims = c.dims(index);
    const padded = [...new Array<number>(Math.max(0, inner.length - dims.length)).fill(1), ...dims];
    if (sizeOf(dims) !== 1 && padded.join() !== inner.join()) c.fail('a scale or bias that broadcasts');
    return c.x(index, [sizeOf(dims)]);
  };
  const y = c.has(1) ? tf.mul(standard, fits(1)) : standard;
  return c.has(2) ? tf.add(y, fits(2)) : y;
}

/** Statistics per image and group; scale and bias per channel, or per group as opset 18 had it. */
function groupwise(c: KernelCall, batch: number, channels: number, groups: number, scales: number): TfTensor {
  const { tf } = c;
  const size = sizeOf(c.dims(0)) / (batch * groups);
  const { standard } = standardised(tf, c.x(0, [batch * groups, size]), floatOf(c.node, 'epsilon', 1e-5));
  const rest = sizeOf(c.dims(0)) / (batch * scales);
  const shaped = tf.reshape(standard, [batch, scales, rest]);
  if (scales !== channels && scales !== groups) c.fail(`${scales} scales for ${channels} channels`);
  return tf.add(tf.mul(shaped, c.x(1, [scales, 1])), c.x(2, [scales, 1]));
}
