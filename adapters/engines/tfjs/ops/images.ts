import { intsOf } from '../../../../core/onnx/attributes.js';
import { axesIn } from '../../../../core/onnx/shapes/call.js';
import { numbersOf, sizeOf } from '../../../../core/onnx/tensor.js';
import { kernels, type KernelTable } from '../call.js';
import { padded } from './pad.js';

export const images: KernelTable = {
  ...kernels('first', {
    /** Adds every column back to the block of the image it came from. */
    Col2Im: (c) => {
      const { tf, node } = c;
      const [image, kernel] = [numbersOf(c.host(1)), numbersOf(c.host(2))];
      const [batch, columns, blocks] = c.dims(0) as [number, number, number];
      const channels = columns / sizeOf(kernel);
      const strides = intsOf(node, 'strides', undefined) ?? kernel.map(() => 1);
      const dilations = intsOf(node, 'dilations', undefined) ?? kernel.map(() => 1);
      const pads = intsOf(node, 'pads', undefined) ?? [...kernel, ...kernel].map(() => 0);
      const counts = image.map((extent, i) => {
        const free = extent + pads[i]! + pads[i + image.length]! - dilations[i]! * (kernel[i]! - 1) - 1;
        return Math.floor(free / strides[i]!) + 1;
      });
      if (sizeOf(counts) !== blocks) c.fail(`${blocks} columns instead of ${sizeOf(counts)}`);
      // Flat position in the image of every element of a column, or one behind the image for padding.
      const [pixels, taps] = [sizeOf(image), sizeOf(kernel)];
      const targets = new Int32Array(taps * blocks).map((_, i) => {
        let [tap, block, at, step] = [Math.floor(i / blocks), i % blocks, 0, 1];
        for (let axis = image.length - 1; axis >= 0; axis--) {
          const [k, o] = [tap % kernel[axis]!, block % counts[axis]!];
          [tap, block] = [Math.floor(tap / kernel[axis]!), Math.floor(block / counts[axis]!)];
          const position = o * strides[axis]! + k * dilations[axis]! - pads[axis]!;
          if (position < 0 || position >= image[axis]!) return pixels;
          at += position * step;
          step *= image[axis]!;
        }
        return at;
      });
      const rows = batch * channels;
      const updates = tf.transpose(c.x(0, [rows, taps * blocks]), [1, 0]);
      const indices = tf.tensor(targets, [targets.length, 1], 'int32');
      const sums = tf.scatterND(indices, updates, [pixels + 1, rows]);
      return tf.transpose(tf.slice(sums, [0, 0], [pixels, rows]), [1, 0]);
    },
  }),
  ...kernels('moves', {
    /** Crops or pads around the middle, the odd element behind. */
    CenterCropPad: (c) => {
      const dims = c.dims(0);
      const targets = numbersOf(c.host(1));
      const axes = axesIn(c.op, intsOf(c.node, 'axes', undefined) ?? dims.map((_, axis) => axis), dims.length);
      const [before, after] = [dims.map(() => 0), dims.map(() => 0)];
      axes.forEach((axis, i) => {
        const missing = targets[i]! - dims[axis]!;
        before[axis] = Math.trunc(missing / 2);
        after[axis] = missing - before[axis];
      });
      return padded(c.tf, c.x(0), dims, before, after, 0);
    },
  }),
};
