import { intOf } from '../../../../core/onnx/attributes.js';
import type { DType } from '../../../../core/onnx/graph.js';
import { axisIn } from '../../../../core/onnx/shapes/call.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { TfTensor } from '../library.js';
import { around } from '../shapes.js';
import { between } from './unary.js';

/** Per tensor or per index of an axis; blocks are computed on the host. */
export const quantize: KernelTable = kernels('moves', {
  /** saturate(round half to even(x / scale) + zero point) */
  QuantizeLinear: (c) => {
    const { tf } = c;
    const limits = ranges[c.out[0]!.dtype];
    const shape = shapeOf(c);
    if (!limits || !shape || c.op.types[0]!.dtype !== 'float32') return 'host';
    const rounded = tf.round(tf.div(c.x(0, shape), parameter(c, 1, shape)));
    const shifted = c.has(2) ? tf.add(rounded, parameter(c, 2, shape)) : rounded;
    const [low, high] = limits;
    return tf.cast(between(tf, shifted, low, high), 'int32');
  },
  /** To uint8, with the scale and the zero point that let 0 and all of x be represented. */
  DynamicQuantizeLinear: (c) => {
    const { tf } = c;
    const all = c.dims(0).map((_, axis) => axis);
    const low = tf.minimum(tf.min(c.x(0), all), tf.scalar(0));
    const range = tf.sub(tf.maximum(tf.max(c.x(0), all), tf.scalar(0)), low);
    // Of zeros alone, as ONNX Runtime has it.
    const scale = tf.where(tf.equal(range, tf.scalar(0)), tf.scalar(1), tf.div(range, tf.scalar(255)));
    const zero = tf.round(between(tf, tf.div(tf.neg(low), scale), 0, 255));
    const y = between(tf, tf.add(tf.round(tf.div(c.x(0), scale)), zero), 0, 255);
    return [tf.cast(y, 'int32'), scale, tf.cast(zero, 'int32')];
  },
  /** (x - zero point) * scale */
  DequantizeLinear: (c) => {
    const { tf } = c;
    const shape = shapeOf(c);
    // Beyond 16 bits the difference need not fit a float32.
    if (!shape || !Object.hasOwn(ranges, c.op.types[0]!.dtype) || c.out[0]!.dtype !== 'float32') return 'host';
    const x = tf.cast(c.x(0, shape), 'float32');
    return tf.mul(c.has(2) ? tf.sub(x, parameter(c, 2, shape)) : x, parameter(c, 1, shape));
  },
});

const ranges: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** [outer, axis, inner], undefined for blocks. */
function shapeOf(c: KernelCall): [number, number, number] | undefined {
  if (intOf(c.node, 'block_size', 0) !== 0 || c.op.types[1]!.dtype !== 'float32') return undefined;
  const dims = c.dims(0);
  if (c.dims(1).length === 0 || c.dims(1)[0] === 1) return around([1, ...dims], 0);
  return around(dims, axisIn(c.op, intOf(c.node, 'axis', 1), dims.length));
}

function parameter(c: KernelCall, index: number, [, extent]: readonly [number, number, number]): TfTensor {
  return c.tf.cast(c.x(index, [extent, 1]), 'float32');
}
