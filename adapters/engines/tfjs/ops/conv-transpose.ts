import { intOf } from '../../../../core/onnx/attributes.js';
import { transposedWindows } from '../../../../core/onnx/shapes/windows.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { padded } from './pad.js';
import { channelsFirst, channelsLast, imageOf } from './windows.js';

/**
 * The whole transposed convolution, stride (size - 1) + (kernel - 1) dilation + 1 along each axis, then cropped or filled up
 * to the pads. A dilated kernel is one with zeros between its taps.
 */
export const transposedConvolution: KernelTable = kernels('float', {
  ConvTranspose: (c) => {
    const { tf } = c;
    const [channels, each, ...taps] = c.dims(1) as [number, number, ...number[]];
    if (taps.length > 3) c.fail(`a transposed convolution over ${taps.length} axes`);
    const image = imageOf(c.dims(0));
    const { strides, dilations, padBegin, output } = transposedWindows(c.op, image.spatial, taps);
    const pair = (values: readonly number[], missing: number): number[] => [
      ...(values.length === 1 ? [missing] : []),
      ...values,
    ];
    const steps = pair(strides, 1);
    const groups = intOf(c.node, 'group', 1);
    const depth = channels / groups;
    const x = channelsLast(tf, c.x(0), image);
    const [batch, ...grid] = x.shape.slice(0, -1) as [number, ...number[]];
    const places = batch * sizeOf(grid);
    const extents = pair(taps, 1).map((tap, i) => (tap - 1) * pair(dilations, 1)[i]! + 1);
    const full = grid.map((size, i) => steps[i]! * (size - 1) + extents[i]!);
    const parts = Array.from({ length: groups }, (_, group) => {
      const filter = c.once([1], `tapsFirst ${group} of ${groups}, ${dilations.join()}`, () => {
        const size = each * sizeOf(taps);
        const own = tf.slice(c.x(1, [channels, size]), [group * depth, 0], [depth, size]);
        return tapsFirst(tf, own, depth, each, pair(taps, 1), pair(dilations, 1));
      });
      const own = groups === 1 ? x : tf.slice(tf.reshape(x, [places, channels]), [0, group * depth], [places, depth]);
      const part = tf.reshape(own, [batch, ...grid, depth]);
      return taps.length === 3
        ? overFrames(tf, part, filter, full, steps, dilations[0]!)
        : tf.conv2dTranspose(part, filter, [batch, ...full, each], steps, 'valid');
    });
    const y = parts.length === 1 ? parts[0]! : tf.concat(parts, grid.length + 1);
    const front = pair(padBegin, 0).map((amount) => -amount);
    const wanted = pair(output, 1);
    const back = wanted.map((extent, i) => extent - full[i]! - front[i]!);
    const fitted = padded(tf, y, y.shape, [0, ...front, 0], [0, ...back, 0], 0);
    const shaped = tf.reshape(fitted, [batch, ...wanted, each * groups]);
    return channelsFirst(tf, withBias(c, shaped));
  },
});

/**
 * Three spatial axes: the sum over the kernel's first axis of transposed convolutions over the other two. tfjs has a kernel of its
 * own for it, which adds to memory that it has not cleared on WebAssembly.
 */
function overFrames(
  tf: Tf,
  x: TfTensor,
  filter: TfTensor,
  full: readonly number[],
  steps: readonly number[],
  dilation: number,
): TfTensor {
  const [batch, frames, ...frame] = x.shape as [number, number, ...number[]];
  const [depth, ...taps] = filter.shape as [number, ...number[]];
  const each = taps[2]!;
  const area = [...full.slice(1), each];
  const [images, layers] = [tf.reshape(x, [batch * frames, ...frame]), tf.reshape(filter, [depth, sizeOf(taps)])];
  const extent = frames * steps[0]!;
  let sum: TfTensor | undefined;
  for (let k = 0; k < depth; k += dilation) {
    const layer = tf.reshape(tf.slice(layers, [k, 0], [1, sizeOf(taps)]), taps);
    const y = tf.conv2dTranspose(images, layer, [batch * frames, ...area], steps.slice(1), 'valid');
    const apart = padded(tf, y, [batch, frames, 1, sizeOf(area)], [0, 0, 0, 0], [0, 0, steps[0]! - 1, 0], 0);
    const back = full[0]! - k - extent;
    const placed = padded(tf, apart, [batch, extent, sizeOf(area)], [0, k, 0], [0, back, 0], 0);
    const term = tf.reshape(placed, [batch, ...full, each]);
    sum = sum ? tf.add(sum, term) : term;
  }
  return sum!;
}

function withBias(c: KernelCall, y: TfTensor): TfTensor {
  return c.has(2) ? c.tf.add(y, c.x(2)) : y;
}

/** [inputs, outputs, taps...] to [taps..., outputs, inputs], zeros between the taps. */
function tapsFirst(
  tf: Tf,
  w: TfTensor,
  inputs: number,
  outputs: number,
  taps: readonly number[],
  dilations: readonly number[],
): TfTensor {
  const moved = tf.transpose(tf.reshape(w, [inputs, outputs, sizeOf(taps)]), [2, 1, 0]);
  let result = tf.reshape(moved, [...taps, outputs, inputs]);
  dilations.forEach((step, axis) => {
    if (step === 1 || taps[axis] === 1) return;
    const [before, extent, after] = [
      sizeOf(result.shape.slice(0, axis)),
      result.shape[axis]!,
      sizeOf(result.shape.slice(axis + 1)),
    ];
    const spread = tf.pad(tf.reshape(result, [before, extent, 1, after]), [
      [0, 0],
      [0, 0],
      [0, step - 1],
      [0, 0],
    ]);
    const long = tf.reshape(spread, [before, extent * step, after]);
    const used = (extent - 1) * step + 1;
    const shape = result.shape.with(axis, used);
    result = tf.reshape(tf.slice(long, [0, 0, 0], [before, used, after]), shape);
  });
  return result;
}
