import { intOf } from '../../../../core/onnx/attributes.js';
import type { Windows } from '../../../../core/onnx/shapes/windows.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { imageOf, reach, windowsOf } from './windows.js';
import { padded } from './pad.js';

/**
 * Pools over any number of axes, with dilations, asymmetric pads and `ceil_mode`: a window is taken apart into its axes, and
 * along each axis into its taps, which are strided slices. For a maximum that is exact.
 */
export const pooling: KernelTable = kernels('float', {
  MaxPool: (c) => {
    if (c.node.outputs[1]) c.fail('the indices of the maxima');
    return pooled(c, windowsOf(c), c.x(0), Number.NEGATIVE_INFINITY, c.tf.maximum);
  },
  AveragePool: (c) => {
    const windows = windowsOf(c);
    const sum = pooled(c, windows, c.x(0), 0, c.tf.add);
    const shares = sharesOf(windows, c.dims(0).slice(2), intOf(c.node, 'count_include_pad', 0) !== 0);
    return c.tf.mul(c.tf.reshape(sum, [-1, shares.length]), c.tf.tensor(shares, [1, shares.length], 'float32'));
  },
  LpPool: (c) => {
    const { tf } = c;
    const p = intOf(c.node, 'p', 2);
    const sum = pooled(c, windowsOf(c), power(tf, c.x(0), p), 0, tf.add);
    return root(tf, sum, p);
  },
  GlobalAveragePool: (c) => c.tf.mean(flat(c), [1]),
  GlobalMaxPool: (c) => c.tf.max(flat(c), [1]),
  GlobalLpPool: (c) => {
    const p = intOf(c.node, 'p', 2);
    return root(c.tf, c.tf.sum(power(c.tf, flat(c), p), [1]), p);
  },
});

function flat(c: KernelCall): TfTensor {
  const { batch, channels, spatial } = imageOf(c.dims(0));
  return c.x(0, [batch * channels, sizeOf(spatial)]);
}

/** |x|^p */
function power(tf: Tf, x: TfTensor, p: number): TfTensor {
  if (p === 1) return tf.abs(x);
  return p === 2 ? tf.square(x) : tf.pow(tf.abs(x), tf.scalar(p));
}

function root(tf: Tf, x: TfTensor, p: number): TfTensor {
  if (p === 1) return x;
  return p === 2 ? tf.sqrt(x) : tf.pow(x, tf.scalar(1 / p));
}

function pooled(
  { tf, dims }: KernelCall,
  windows: Windows,
  x: TfTensor,
  outside: number,
  combine: (a: TfTensor, b: TfTensor) => TfTensor,
): TfTensor {
  const { kernel, strides, dilations, padBegin, output } = windows;
  const { batch, channels, spatial } = imageOf(dims(0));
  const behind = reach(windows, spatial);
  const extents = spatial.map((size, i) => size + padBegin[i]! + behind[i]!);
  let result = padded(tf, x, dims(0), [0, 0, ...padBegin], [0, 0, ...behind], outside);
  let shape = [batch * channels, ...extents];
  spatial.forEach((_, i) => {
    const axis = i + 1;
    const [outer, extent, inner] = [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
    const source = tf.reshape(result, [outer, extent, inner]);
    const [count, stride] = [output[i]!, strides[i]!];
    for (let tap = 0; tap < kernel[i]!; tap++) {
      const start = tap * dilations[i]!;
      const part =
        stride === 1
          ? tf.slice(source, [0, start, 0], [outer, count, inner])
          : tf.stridedSlice(source, [0, start, 0], [outer, start + (count - 1) * stride + 1, inner], [1, stride, 1]);
      result = tap === 0 ? part : combine(result, part);
    }
    shape = shape.with(axis, count);
  });
  return result;
}

/** One divided by how many elements each window has; padding counts on request, what `ceil_mode` adds behind it does not. */
function sharesOf(windows: Windows, spatial: readonly number[], includePad: boolean): Float32Array {
  const { kernel, strides, dilations, padBegin, padEnd, output } = windows;
  let counts = [1];
  spatial.forEach((size, i) => {
    const [low, high] = includePad ? [-padBegin[i]!, size + padEnd[i]!] : [0, size];
    const own = Array.from({ length: output[i]! }, (_, o) => {
      const taps = Array.from({ length: kernel[i]! }, (__, k) => o * strides[i]! - padBegin[i]! + k * dilations[i]!);
      return taps.filter((at) => at >= low && at < high).length;
    });
    counts = counts.flatMap((count) => own.map((taps) => count * taps));
  });
  return Float32Array.from(counts, (count) => 1 / count);
}
