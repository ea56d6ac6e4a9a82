import { bounds, classesOf, type Architecture } from '../architecture.js';
import { malformed, unsupported } from '../config.js';
import { convolutionNorm, type ConvNormShape } from '../conv-norm.js';
import type { Net } from '../net.js';
import { makeDivisible, roundHalfEven } from '../rounding.js';
import { encoderLayer, type EncoderLayer } from './transformer.js';

/** Transformers' MobileViTForImageClassification. Source: transformers/models/mobilevit/modeling_mobilevit.py */
export const mobileVit: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const image = config.pair('image_size', { ...bounds.image, fallback: 256 });
  const widths = config.ints('hidden_sizes', { ...bounds.width, fallback: [144, 192, 240], length: 3 });
  const necks = config.ints('neck_hidden_sizes', {
    ...bounds.width,
    fallback: [16, 32, 64, 96, 128, 160, 640],
    length: 7,
  });
  const heads = config.int('num_attention_heads', { ...bounds.heads, fallback: 4 });
  const ratio = config.float('mlp_ratio', 2);
  const expansion = config.float('expand_ratio', 4);
  const kernel = config.int('conv_kernel_size', { max: 63, fallback: 3 });
  const patch = config.int('patch_size', { ...bounds.patch, fallback: 2 });
  const outputStride = config.int('output_stride', { max: 1024, fallback: 32 });
  const act = config.string('hidden_act', 'silu');
  const epsilon = config.float('layer_norm_eps', 1e-5);
  const qkvBias = config.flag('qkv_bias', true);
  if (kernel % 2 === 0) throw malformed(config, 'conv_kernel_size has to be odd');
  if (!(expansion > 0 && expansion <= 64)) throw malformed(config, 'expand_ratio has to be from 0 to 64');
  const uneven = widths.find((width) => width % heads !== 0);
  if (uneven !== undefined) throw malformed(config, `${uneven} channels are no multiple of ${heads} heads`);

  const net = start([channels, ...image]);
  const layer = (x: string, path: string, shape: ConvNormShape): string => convolutionNorm(net, x, path, shape);
  const inverted = (x: string, path: string, { from, to, stride, dilation = 1 }: Inverted): string => {
    const inner = makeDivisible(roundHalfEven(from * expansion), 8);
    let y = layer(x, `${path}.expand_1x1`, { from, to: inner, kernel: 1, act });
    const shape = { from: inner, to: inner, kernel: 3, stride, dilation, groups: inner, act };
    y = layer(y, `${path}.conv_3x3`, shape);
    y = layer(y, `${path}.reduce_1x1`, { from: inner, to, kernel: 1 });
    return stride === 1 && from === to ? net.add(x, y, path) : y;
  };

  let size = image.map(halved) as [number, number];
  let x = layer('pixel_values', 'mobilevit.conv_stem', { from: channels, to: necks[0]!, kernel: 3, stride: 2, act });
  const root = 'mobilevit.encoder.layer';
  x = inverted(x, `${root}.0.layer.0`, { from: necks[0]!, to: necks[1]!, stride: 1 });
  for (let i = 0; i < 3; i++) {
    const from = i === 0 ? necks[1]! : necks[2]!;
    x = inverted(x, `${root}.1.layer.${i}`, { from, to: necks[2]!, stride: i === 0 ? 2 : 1 });
  }
  size = size.map(halved) as [number, number];
  widths.forEach((width, stage) => {
    const path = `${root}.${stage + 2}`;
    const [from, to] = [necks[stage + 2]!, necks[stage + 3]!];
    // Of the last stages, as many as the output stride leaves out spread their kernels instead of halving the image.
    const dilation = dilations[outputStride]?.[stage] ?? 1;
    const [stride, spread] = dilation > 1 ? [1, dilation / 2] : [2, 1];
    const down = inverted(x, `${path}.downsampling_layer`, { from, to, stride, dilation: spread });
    if (stride === 2) size = size.map(halved) as [number, number];
    if (size.some((side) => side % patch !== 0)) {
      throw unsupported(
        `${config.title}: images that are not divided into whole patches (${size.join(' x ')} by ${patch} in layer ${stage + 2}) are not supported`,
      );
    }
    const local = layer(down, `${path}.conv_kxk`, { from: to, to, kernel, act });
    const wide = net.conv(local, `${path}.conv_1x1.convolution`, { from: to, to: width, kernel: 1, bias: false });
    const settings = { width, heads, hidden: Math.trunc(width * ratio), act, epsilon, qkvBias };
    const mixed = acrossPatches(net, wide, path, { size, patch, layers: layers[stage]! }, settings);
    const narrow = layer(mixed, `${path}.conv_projection`, { from: width, to, kernel: 1, act });
    x = layer(net.concat([down, narrow], 1, path), `${path}.fusion`, { from: 2 * to, to, kernel, act });
  });
  const [from, last] = [necks[5]!, necks[6]!];
  x = layer(x, 'mobilevit.conv_1x1_exp', { from, to: last, kernel: 1, act });
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'mobilevit.pooler'), 'classifier', last, classes);
  return net.finish(logits, { name: 'mobilevit', classes, metadata: new Map() });
};

interface Inverted {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly dilation?: number;
}

/** Of the Transformers of the last three stages. */
const layers = [2, 4, 3];
const dilations: Readonly<Record<number, readonly number[]>> = { 8: [1, 2, 4], 16: [1, 1, 2] };

interface Patches {
  readonly size: readonly [number, number];
  readonly patch: number;
  readonly layers: number;
}

/** Attention among the pixels that lie at the same place of their patches. */
function acrossPatches(net: Net, x: string, path: string, patches: Patches, settings: EncoderLayer): string {
  const { size, patch, layers: count } = patches;
  const { width, epsilon } = settings;
  const [rows, columns] = [size[0] / patch, size[1] / patch];
  const split = net.reshape(x, [-1, width, rows, patch, columns, patch], path);
  let y = net.reshape(net.transpose(split, [0, 3, 5, 2, 4, 1], path), [-1, rows * columns, width], path);
  for (let i = 0; i < count; i++) y = encoderLayer(net, y, `${path}.transformer.layer.${i}`, settings);
  const normed = net.layerNorm(y, `${path}.layernorm`, width, epsilon);
  const apart = net.reshape(normed, [-1, patch, patch, rows, columns, width], path);
  return net.reshape(net.transpose(apart, [0, 5, 3, 1, 4, 2], path), [-1, width, ...size], path);
}

function halved(length: number): number {
  return Math.ceil(length / 2);
}
