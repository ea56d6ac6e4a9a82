import { one, value, w, x, type AttributeValue, type GradientCase } from '../../../support/gradient-case.js';
import { ints } from '../../../../core/onnx/tensor.js';

type Attributes = Readonly<Record<string, AttributeValue>>;

/** Input [N, channels, ...size], weight [filters, channels / group, ...kernel]. */
function conv(
  detail: string,
  [channels, ...size]: readonly number[],
  [filters, ...kernel]: readonly number[],
  attributes: Attributes = {},
): GradientCase {
  const group = typeof attributes.group === 'number' ? attributes.group : 1;
  return one(
    'Conv',
    detail,
    [x('N', channels!, ...size), w(filters!, channels! / group, ...kernel), w(filters!)],
    attributes,
  );
}

/** Input [N, channels, ...size], weight [channels, filters / group, ...kernel]. */
function transposed(
  detail: string,
  [channels, ...size]: readonly number[],
  [perGroup, ...kernel]: readonly number[],
  attributes: Attributes = {},
): GradientCase {
  return one('ConvTranspose', detail, [x('N', channels!, ...size), w(channels!, perGroup!, ...kernel)], attributes);
}

/** As CondConv has it: images beside each other as groups of one image, each with filters of its own. */
function weighted(
  detail: string,
  [channels, ...size]: readonly number[],
  [filters, ...kernel]: readonly number[],
  attributes: Attributes = {},
): GradientCase {
  const group = typeof attributes.group === 'number' ? attributes.group : 1;
  return one('Conv', detail, [x(2, channels!, ...size), x(filters!, channels! / group, ...kernel)], attributes, {
    batches: [2],
  });
}

const same = (...pads: number[]): Attributes => ({ pads });

export const convCases: readonly GradientCase[] = [
  // Few input channels: ConvTranspose.
  conv('valid, few channels', [3, 6, 7], [4, 3, 3]),
  conv('same padding, few channels', [3, 6, 7], [4, 3, 3], same(1, 1, 1, 1)),
  conv('asymmetric padding, few channels', [2, 6, 5], [3, 3, 2], same(0, 2, 1, 0)),
  conv('padding beyond the kernel, few channels', [2, 3, 3], [3, 2, 2], same(3, 2, 3, 4)),
  conv('1 x 1, few channels', [2, 3, 4], [5, 1, 1]),
  // Many input channels: flipped kernels.
  conv('same padding', [8, 6, 7], [9, 3, 3], same(1, 1, 1, 1)),
  conv('valid', [8, 9, 12], [5, 2, 2]),
  conv('valid, much larger than its output', [8, 5, 5], [4, 3, 3]),
  conv('asymmetric padding', [8, 6, 5], [3, 3, 2], same(0, 1, 2, 0)),
  conv('padding beyond the kernel', [8, 3, 3], [3, 2, 2], same(3, 2, 3, 4)),
  conv('even kernel', [8, 5, 6], [3, 4, 2], same(2, 1, 1, 0)),
  conv('1 x 1', [8, 4, 3], [5, 1, 1]),
  conv('1 x 1 with padding', [8, 4, 3], [5, 1, 1], same(1, 0, 2, 1)),
  conv('dilations', [8, 8, 9], [3, 3, 2], { dilations: [2, 3], pads: [2, 1, 2, 1] }),
  conv('dilations, valid, few channels', [2, 8, 9], [3, 3, 2], { dilations: [2, 3] }),
  // Strides.
  conv('stride 2', [8, 8, 8], [6, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv('stride 2, odd size', [8, 7, 9], [6, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv('stride 2, kernel 4, rows left over', [8, 9, 8], [3, 4, 4], { strides: [2, 2] }),
  conv('stride 2 = kernel', [8, 6, 7], [3, 2, 2], { strides: [2, 2] }),
  conv('stride 4 = kernel, few channels', [3, 8, 9], [3, 4, 4], { strides: [4, 4] }),
  conv('strides 2 and 3', [8, 7, 11], [3, 3, 4], { strides: [2, 3], pads: [1, 2, 0, 1] }),
  conv('stride 3 and 1', [8, 8, 5], [3, 3, 3], { strides: [3, 1], pads: [0, 1, 1, 1] }),
  conv('stride 2, asymmetric padding beyond the kernel', [8, 5, 4], [3, 3, 2], { strides: [2, 2], pads: [4, 3, 3, 2] }),
  conv('stride 2, few channels', [3, 8, 7], [4, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv('stride 3 beyond the kernel', [8, 8, 10], [3, 2, 2], { strides: [3, 3] }),
  conv('stride 3 beyond the kernel, few channels, padding', [2, 8, 10], [3, 2, 1], {
    strides: [3, 2],
    pads: [1, 1, 0, 1],
  }),
  conv('stride 2, 1 x 1', [8, 7, 8], [5, 1, 1], { strides: [2, 2] }),
  conv('stride 3, 1 x 1, padding', [3, 7, 8], [5, 1, 1], { strides: [3, 2], pads: [1, 0, 1, 3] }),
  conv('stride 2, 1 x 1, groups', [8, 7, 8], [6, 1, 1], { strides: [2, 2], group: 2 }),
  conv('stride 2, dilations', [8, 9, 9], [3, 3, 3], { strides: [2, 2], dilations: [2, 1], pads: [2, 1, 2, 1] }),
  conv('stride 2, kernel 7, as in a stem', [3, 12, 11], [4, 7, 7], { strides: [2, 2], pads: [3, 3, 3, 3] }),
  // Groups.
  conv('two groups', [8, 5, 5], [6, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  conv('two groups, few channels', [4, 5, 5], [6, 3, 3], { group: 2, pads: [1, 1, 1, 1] }),
  conv('depthwise', [8, 6, 5], [8, 3, 3], { group: 8, pads: [1, 1, 1, 1] }),
  conv('depthwise, multiplier 2', [4, 6, 5], [8, 3, 3], { group: 4, pads: [1, 1, 1, 1] }),
  conv('depthwise, stride 2', [8, 7, 6], [8, 3, 3], { group: 8, strides: [2, 2], pads: [1, 1, 1, 1] }),
  conv('depthwise, stride 2, few channels, multiplier 3', [3, 7, 6], [9, 3, 3], {
    group: 3,
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  }),
  conv('depthwise, kernel 5, stride 3, multiplier 2', [8, 9, 8], [16, 5, 5], {
    group: 8,
    strides: [3, 3],
    pads: [2, 2, 2, 2],
  }),
  conv('depthwise, dilation 2, valid', [8, 7, 8], [8, 3, 3], { group: 8, dilations: [2, 2] }),
  conv('groups, stride 2, dilation 2', [8, 9, 8], [4, 3, 3], {
    group: 2,
    strides: [2, 2],
    dilations: [2, 2],
    pads: [1, 2, 2, 1],
  }),
  // auto_pad.
  conv('auto_pad SAME_UPPER', [3, 6, 7], [4, 3, 2], { auto_pad: 'SAME_UPPER' }),
  conv('auto_pad SAME_UPPER, stride 2', [8, 7, 8], [4, 3, 4], { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  conv('auto_pad SAME_LOWER, stride 2', [8, 7, 8], [4, 3, 4], { auto_pad: 'SAME_LOWER', strides: [2, 2] }),
  conv('auto_pad SAME_LOWER', [8, 6, 7], [4, 2, 4], { auto_pad: 'SAME_LOWER' }),
  conv('auto_pad SAME_UPPER, stride 3 beyond the kernel', [8, 7, 8], [4, 2, 2], {
    auto_pad: 'SAME_UPPER',
    strides: [3, 3],
  }),
  conv('auto_pad VALID', [8, 6, 7], [4, 2, 4], { auto_pad: 'VALID', strides: [2, 1] }),
  // Other ranks.
  conv('1-D', [8, 9], [4, 3], same(1, 1)),
  conv('1-D, few channels', [2, 9], [4, 4], same(0, 2)),
  conv('1-D, stride 2', [8, 10], [4, 3], { strides: [2], pads: [1, 0] }),
  conv('1-D, stride 2, few channels, dilation', [2, 10], [4, 3], { strides: [2], dilations: [3], pads: [1, 2] }),
  conv('3-D', [8, 4, 3, 5], [3, 2, 3, 3], same(0, 1, 1, 1, 1, 0)),
  conv('3-D, few channels', [1, 4, 3, 5], [2, 2, 3, 3], same(0, 1, 1, 1, 1, 0)),
  conv('3-D, stride 2', [8, 4, 5, 5], [3, 2, 3, 3], { strides: [2, 2, 2], pads: [0, 1, 1, 1, 1, 0] }),
  conv('3-D, strides 1, 2, 3, two groups', [8, 4, 5, 6], [4, 2, 2, 3], { strides: [1, 2, 3], group: 2 }),
  one('Conv', 'an output that is one pixel', [x('N', 8, 4, 4), w(5, 8, 4, 4)]),
  one('Conv', 'an image-dependent bias', [w('N', 2, 4, 4), w(3, 2, 3, 3), x(3)], {}, { batches: [3] }),
  weighted('an image-dependent weight', [2, 5, 6], [3, 2, 3]),
  weighted('an image-dependent weight, groups, padding', [4, 5, 6], [6, 3, 3], { group: 2, pads: [1, 0, 2, 1] }),
  weighted('an image-dependent weight, stride 2, dilation 3, rows left over', [2, 10, 9], [3, 2, 3], {
    strides: [2, 2],
    dilations: [1, 3],
    pads: [0, 1, 0, 1],
  }),
  weighted('an image-dependent weight, 1-D, depthwise', [3, 7], [3, 3], { group: 3, pads: [1, 1] }),
  one('Conv', 'an image-dependent weight of constant images', [w(2, 2, 4, 4), x(3, 2, 3, 3)], {}, { batches: [3] }),
  one('Conv', 'kernel_shape given', [x('N', 2, 4, 4), w(3, 2, 3, 3)], { kernel_shape: [3, 3] }),

  transposed('kernel 3', [3, 4, 5], [2, 3, 3]),
  transposed('padding', [3, 4, 5], [2, 3, 3], same(1, 1, 1, 1)),
  transposed('asymmetric padding', [3, 4, 5], [2, 3, 4], same(0, 2, 1, 1)),
  transposed('stride 2 = kernel', [3, 4, 5], [2, 2, 2], { strides: [2, 2] }),
  transposed('stride 2, kernel 3', [3, 4, 5], [2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
  transposed('stride 2, kernel 3, output_padding', [3, 4, 5], [2, 3, 3], {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    output_padding: [1, 1],
  }),
  transposed('stride 3 beyond the kernel, output_padding', [3, 3, 4], [2, 2, 2], {
    strides: [3, 3],
    output_padding: [2, 1],
  }),
  transposed('strides 2 and 3, dilations', [3, 3, 4], [2, 3, 2], {
    strides: [2, 3],
    dilations: [2, 3],
    pads: [1, 0, 0, 2],
  }),
  transposed('output_shape', [3, 4, 5], [2, 3, 3], { strides: [2, 2], output_shape: [10, 9] }),
  transposed('output_shape, SAME_LOWER', [3, 4, 5], [2, 3, 3], {
    strides: [2, 2],
    output_shape: [8, 10],
    auto_pad: 'SAME_LOWER',
  }),
  transposed('output_shape beyond the reach', [3, 4, 5], [2, 2, 2], { strides: [2, 2], output_shape: [9, 8] }),
  transposed('auto_pad SAME_UPPER', [3, 4, 5], [2, 3, 3], { strides: [2, 2], auto_pad: 'SAME_UPPER' }),
  transposed('auto_pad SAME_LOWER', [3, 4, 5], [2, 3, 3], { strides: [2, 2], auto_pad: 'SAME_LOWER' }),
  transposed('auto_pad VALID', [3, 4, 5], [2, 3, 3], { strides: [2, 1], auto_pad: 'VALID' }),
  transposed('two groups', [4, 3, 4], [3, 3, 3], { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }),
  transposed('depthwise', [4, 3, 4], [1, 4, 4], { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] }),
  transposed('1-D', [3, 6], [2, 4], { strides: [2], pads: [1, 1] }),
  transposed('3-D', [2, 3, 2, 3], [2, 2, 2, 3], { strides: [2, 1, 2], pads: [0, 1, 1, 1, 0, 0] }),
  transposed('3-D, two groups, dilations', [4, 3, 2, 3], [3, 2, 2, 3], { group: 2, dilations: [2, 3, 1] }),
  one('ConvTranspose', 'with bias', [x('N', 3, 4, 4), w(3, 2, 2, 2), w(2)], { strides: [2, 2] }),
  one(
    'ConvTranspose',
    'an image-dependent bias',
    [w('N', 3, 4, 4), w(3, 2, 2, 2), x(2)],
    { strides: [2, 2] },
    { batches: [3] },
  ),
  one('Col2Im', 'overlapping blocks', [x('N', 8, 12), value(ints(4, 5)), value(ints(2, 2))], {}),
  one('Col2Im', 'strides, pads, dilations', [x('N', 8, 9), value(ints(5, 6)), value(ints(2, 2))], {
    strides: [2, 1],
    pads: [1, 0, 0, 0],
    dilations: [1, 3],
  }),
];
