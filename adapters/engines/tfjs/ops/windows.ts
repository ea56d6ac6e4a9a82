import { intsOf } from '../../../../core/onnx/attributes.js';
import { slidingWindows, type Windows } from '../../../../core/onnx/shapes/windows.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import type { KernelCall } from '../call.js';
import type { Tf, TfTensor } from '../library.js';

export interface Image {
  readonly batch: number;
  readonly channels: number;
  readonly spatial: readonly number[];
}

/** [N, C, spatial...] */
export function imageOf(dims: readonly number[]): Image {
  return { batch: dims[0]!, channels: dims[1]!, spatial: dims.slice(2) };
}

export function windowsOf(c: KernelCall, kernel = intsOf(c.node, 'kernel_shape', [])): Windows {
  return slidingWindows(c.op, c.dims(0).slice(2), kernel);
}

/** Padding behind that makes the last window complete, which `ceil_mode` may have begun outside; negative where less is read. */
export function reach({ kernel, strides, dilations, padBegin, output }: Windows, spatial: readonly number[]): number[] {
  return spatial.map(
    (size, i) => (output[i]! - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - padBegin[i]! - size,
  );
}

/** [N, C, spatial...] to [N, H, W, C]; one spatial axis becomes W. */
export function channelsLast(tf: Tf, x: TfTensor, { batch, channels, spatial }: Image): TfTensor {
  const grid = spatial.length === 1 ? [1, spatial[0]!] : spatial;
  const size = sizeOf(spatial);
  if (channels === 1 || size === 1) return tf.reshape(x, [batch, ...grid, channels]);
  return tf.reshape(tf.transpose(tf.reshape(x, [batch, channels, size]), [0, 2, 1]), [batch, ...grid, channels]);
}

/** The way back; the shape is [N, C, pixels]. */
export function channelsFirst(tf: Tf, y: TfTensor): TfTensor {
  const [batch, ...rest] = y.shape as [number, ...number[]];
  const channels = rest.at(-1)!;
  const size = sizeOf(rest.slice(0, -1));
  if (channels === 1 || size === 1) return tf.reshape(y, [batch, channels, size]);
  return tf.transpose(tf.reshape(y, [batch, size, channels]), [0, 2, 1]);
}
