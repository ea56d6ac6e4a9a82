import { numbersOf, sizeOf } from '../../onnx/tensor.js';
import type { BackwardRule } from './rule.js';

/**
 * Col2Im adds every column back to the block of the image it came from, so dX cuts dY into blocks (im2col): a Conv per channel
 * whose filters copy one tap each.
 */
export const col2im: BackwardRule = (c) => {
  const block = c.constant(c.input(2)) ?? c.unsupported('a block_shape that is not constant');
  const kernel = numbersOf(block);
  const [, channels, ...image] = c.dims(c.output()) as [number, number, ...number[]];
  const [, columns, length] = c.dims(c.input(0)) as [number, number, number];
  const taps = sizeOf(kernel);
  const data = new Float32Array(taps * taps);
  for (let k = 0; k < taps; k++) data[k * taps + k] = 1;
  const copies = c.emit.constant({ dtype: 'float32', dims: [taps, 1, ...kernel], data }, 'taps');

  const dY = c.dY();
  const single = c.emit.reshape(dY.name, [-1, 1, ...image]);
  const blocks = c.emit.op('Conv', [single, copies], {
    kernel_shape: kernel,
    strides: c.ints('strides') ?? kernel.map(() => 1),
    dilations: c.ints('dilations') ?? kernel.map(() => 1),
    pads: c.ints('pads') ?? kernel.flatMap(() => [0, 0]),
  });
  if (columns !== channels * taps) c.unsupported(`${columns} columns of ${channels} channels`);
  const dims = [dY.dims[0]!, columns, length];
  return [{ name: c.emit.reshape(blocks, [-1, ...dims]), dims }];
};
