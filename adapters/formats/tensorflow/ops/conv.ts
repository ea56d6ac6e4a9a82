import type { OpContext } from '../context.js';
import { channelsOf, inChannelsFirst, paddingOf, spatialPair } from './layout.js';

/** Conv2D: kernel [height, width, in / groups, out]. The number of groups follows from the channels alone. */
export function conv2d(c: OpContext, bias?: string): string {
  const [, , perGroup] = kernelDims(c);
  const channels = channelsOf(c, c.input(0)) ?? perGroup;
  const group = Math.max(1, Math.floor(channels / perGroup));
  return convolution(c, c.permuted(1, [3, 2, 0, 1]), group, bias);
}

/** DepthwiseConv2dNative: kernel [height, width, in, multiplier]; output channel `in * multiplier + m`. */
export function depthwiseConv2d(c: OpContext, bias?: string): string {
  const [height, width, channels, multiplier] = kernelDims(c);
  const turned = c.permuted(1, [2, 3, 0, 1]);
  const kernel = c.emit.op('Reshape', [turned, c.vector(channels * multiplier, 1, height, width)]);
  return convolution(c, kernel, channels, bias);
}

/**
 * Conv2DBackpropInput(sizes, kernel, dY): the transposed convolution. Its kernel is that of the convolution it turns
 * around, so [height, width, out, in]; `sizes` is the shape of the result.
 */
export function conv2dTranspose(c: OpContext): string {
  const [height, width] = kernelDims(c);
  const strides = spatialPair(c, c.list('strides'), 1);
  const dilations = spatialPair(c, c.list('dilations'), 1);
  const kernel = c.permuted(1, [3, 2, 0, 1]);
  const sizes = c.pieces(0);
  const [h, w] = c.text('data_format', 'NHWC') === 'NHWC' ? [sizes[1], sizes[2]] : [sizes[2], sizes[3]];
  const extents = [(height - 1) * dilations[0] + 1, (width - 1) * dilations[1] + 1] as const;
  const known = h !== undefined && w !== undefined;
  const window = known
    ? explicitWindow(c, [h, w], extents, strides)
    : { ...paddingOf(c), ...overhang(c, extents, strides) };
  const result = inChannelsFirst(c, c.input(2), (dY) =>
    c.emit.op('ConvTranspose', [dY, kernel], { strides, dilations, ...window }),
  );
  // The size is what Keras computes from the input's; where it is not, this does not fit and the model is refused.
  return known ? result : c.emit.op('Reshape', [result, c.int64(0)]);
}

/** The padding of the convolution that gives `dY` from `output`; what that convolution does not see is added at the end. */
function explicitWindow(
  c: OpContext,
  output: readonly number[],
  extents: readonly number[],
  strides: readonly number[],
): Record<string, number[]> {
  const given = paddingOf(c);
  const begin: number[] = [];
  const end: number[] = [];
  const extra: number[] = [];
  output.forEach((size, i) => {
    const [extent, stride] = [extents[i]!, strides[i]!];
    let [before, after] = 'pads' in given ? [given.pads[i]!, given.pads[i + 2]!] : [0, 0];
    if ('auto_pad' in given) {
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + extent - size);
      before = Math.floor(total / 2);
      after = total - before;
    }
    const count = Math.floor((size + before + after - extent) / stride) + 1;
    begin.push(before);
    end.push(after);
    extra.push(size - ((count - 1) * stride + extent - before - after));
  });
  return { pads: [...begin, ...end], output_padding: extra };
}

/** VALID with a kernel smaller than the stride: the result still has `stride` elements per input. */
function overhang(c: OpContext, extents: readonly number[], strides: readonly number[]): Record<string, number[]> {
  const padding = c.text('padding', 'VALID');
  if (padding === 'EXPLICIT') c.unsupported('has explicit paddings and a size that is computed');
  const extra = strides.map((stride, i) => Math.max(0, stride - extents[i]!));
  return padding === 'VALID' && extra.some((count) => count > 0) ? { output_padding: extra } : {};
}

function convolution(c: OpContext, kernel: string, group: number, bias: string | undefined): string {
  const strides = spatialPair(c, c.list('strides'), 1);
  const dilations = spatialPair(c, c.list('dilations'), 1);
  return inChannelsFirst(c, c.input(0), (x) =>
    c.emit.op('Conv', bias === undefined ? [x, kernel] : [x, kernel, bias], {
      strides,
      dilations,
      group,
      ...paddingOf(c),
    }),
  );
}

function kernelDims(c: OpContext): [number, number, number, number] {
  const dims = c.typeOf(c.input(1))?.dims ?? c.unsupported('has a kernel of unknown shape');
  if (dims.length !== 4) c.malformed(`has a kernel of shape [${dims.join(', ')}]`);
  if (dims.includes(0)) c.malformed('has an empty kernel');
  return [...dims] as [number, number, number, number];
}
