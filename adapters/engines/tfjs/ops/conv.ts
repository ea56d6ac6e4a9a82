import { intOf } from '../../../../core/onnx/attributes.js';
import type { Windows } from '../../../../core/onnx/shapes/windows.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelCall, type KernelTable } from '../call.js';
import type { Tf, TfTensor } from '../library.js';
import { padded } from './pad.js';
import { channelsFirst, channelsLast, imageOf, reach, windowsOf } from './windows.js';

export const convolution: KernelTable = kernels('float', {
  Conv: (c) => {
    const spatial = c.dims(1).length - 2;
    if (spatial === 3) return volumes(c);
    if (spatial !== 1 && spatial !== 2) c.fail(`a convolution over ${spatial} axes`);
    const { tf } = c;
    const windows = windowsOf(c, c.dims(1).slice(2));
    const image = imageOf(c.dims(0));
    const behind = reach(windows, image.spatial);
    const x = channelsLast(tf, c.x(0), image);
    const pads = [
      [0, 0],
      ...(spatial === 1 ? [[0, 0]] : []),
      ...windows.padBegin.map((n, i) => [n, behind[i]!]),
      [0, 0],
    ];
    const filled = padded(
      tf,
      x,
      x.shape,
      pads.map(([front]) => front!),
      pads.map(([, back]) => back!),
      0,
    );
    const grid = x.shape.map((extent, i) => extent + pads[i]![0]! + pads[i]![1]!);
    const y = grouped(c, tf.reshape(filled, grid), windows);
    return channelsFirst(tf, c.has(2) ? tf.add(y, c.x(2)) : y);
  },
});

/** Valid convolution of [N, H, W, C]. */
function grouped(c: KernelCall, x: TfTensor, windows: Windows): TfTensor {
  const { tf } = c;
  const groups = intOf(c.node, 'group', 1);
  const [filters, depth, ...taps] = c.dims(1) as [number, number, ...number[]];
  const kernel = taps.length === 1 ? [1, taps[0]!] : taps;
  const pair = (values: readonly number[]): number[] => (values.length === 1 ? [1, values[0]!] : [...values]);
  const steps = { strides: pair(windows.strides), dilations: pair(windows.dilations) };
  if (groups === 1) {
    const filter = c.once([1], 'hwio', () => hwio(tf, c.x(1), filters, depth, kernel));
    return dense(tf, x, filter, steps);
  }
  const each = filters / groups;
  if (depth === 1) {
    const filter = c.once([1], `depthwise ${groups}`, () => {
      const moved = tf.transpose(c.x(1, [filters, sizeOf(kernel)]), [1, 0]);
      return tf.reshape(moved, [...kernel, groups, each]);
    });
    return strided(tf, steps, false, (strides, dilations) =>
      tf.depthwiseConv2d(x, filter, strides, 'valid', 'NHWC', dilations),
    );
  }
  const [batch, height, width] = x.shape as [number, number, number];
  const parts = Array.from({ length: groups }, (_, group) => {
    const filter = c.once([1], `hwio ${group} of ${groups}`, () => {
      const size = depth * sizeOf(kernel);
      const own = tf.slice(c.x(1, [filters, size]), [group * each, 0], [each, size]);
      return hwio(tf, own, each, depth, kernel);
    });
    return dense(tf, tf.slice(x, [0, 0, 0, group * depth], [batch, height, width, depth]), filter, steps);
  });
  return tf.concat(parts, 3);
}

interface Steps {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

function dense(tf: Tf, x: TfTensor, filter: TfTensor, steps: Steps): TfTensor {
  return strided(tf, steps, true, (strides, dilations) => tf.conv2d(x, filter, strides, 'valid', 'NHWC', dilations));
}

/** tfjs strides or dilates, not both, and depthwise only by equal strides: then every position is computed and some are kept. */
function strided(
  tf: Tf,
  { strides, dilations }: Steps,
  unequal: boolean,
  convolve: (strides: readonly number[], dilations: readonly number[]) => TfTensor,
): TfTensor {
  const dilated = dilations.some((step) => step > 1);
  if (strides.every((step) => step === 1) || (!dilated && (unequal || strides[0] === strides[1]))) {
    return convolve(strides, dilations);
  }
  const all = convolve([1, 1], dilations);
  return tf.stridedSlice(all, [0, 0, 0, 0], all.shape, [1, ...strides, 1]);
}

/** [filters, depth, H, W] to [H, W, depth, filters]. */
function hwio(tf: Tf, w: TfTensor, filters: number, depth: number, kernel: readonly number[]): TfTensor {
  const moved = tf.transpose(tf.reshape(w, [filters, depth, sizeOf(kernel)]), [2, 1, 0]);
  return tf.reshape(moved, [...kernel, depth, filters]);
}

/** Three spatial axes: the sum over the kernel's first axis of convolutions over the other two. */
function volumes(c: KernelCall): TfTensor {
  const { tf } = c;
  const windows = windowsOf(c, c.dims(1).slice(2));
  const image = imageOf(c.dims(0));
  const [, , frames] = c.dims(1) as [number, number, number];
  const [, , ...whole] = c.dims(0);
  const behind = reach(windows, image.spatial);
  const x = padded(tf, c.x(0), c.dims(0), [0, 0, ...windows.padBegin], [0, 0, ...behind], 0);
  const [depth, height, width] = whole.map((extent, i) => extent + windows.padBegin[i]! + behind[i]!) as [
    number,
    number,
    number,
  ];
  const [filters, perGroup, , tall, wide] = c.dims(1) as [number, number, number, number, number];
  const groups = intOf(c.node, 'group', 1);
  const each = filters / groups;
  const count = windows.output[0]!;
  const volume = tf.reshape(x, [image.batch, image.channels, depth, height * width]);
  const parts = Array.from({ length: groups }, (_, group) => {
    let sum: TfTensor | undefined;
    for (let k = 0; k < frames; k++) {
      const begin = [0, group * perGroup, k * windows.dilations[0]!, 0];
      const end = [
        image.batch,
        (group + 1) * perGroup,
        begin[2]! + (count - 1) * windows.strides[0]! + 1,
        height * width,
      ];
      const frame = tf.stridedSlice(volume, begin, end, [1, 1, windows.strides[0]!, 1]);
      // [N, C, frames, pixels] to [N frames, H, W, C]
      const last = tf.reshape(tf.transpose(frame, [0, 2, 3, 1]), [image.batch * count, height, width, perGroup]);
      const own = tf.slice(
        c.x(1, [filters, perGroup, frames, tall * wide]),
        [group * each, 0, k, 0],
        [each, perGroup, 1, tall * wide],
      );
      const y = dense(tf, last, hwio(tf, own, each, perGroup, [tall, wide]), {
        strides: windows.strides.slice(1),
        dilations: windows.dilations.slice(1),
      });
      sum = sum ? tf.add(sum, y) : y;
    }
    return sum!;
  });
  const joined = parts.length === 1 ? parts[0]! : tf.concat(parts, 3);
  const y = c.has(2) ? tf.add(joined, c.x(2)) : joined;
  const pixels = windows.output[1]! * windows.output[2]!;
  return tf.transpose(tf.reshape(y, [image.batch, count, pixels, filters]), [0, 3, 1, 2]);
}
