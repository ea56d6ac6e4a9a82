import { bounds, classesOf, type Architecture } from '../architecture.js';
import { convolutionNorm, type ConvNormShape } from '../conv-norm.js';
import { malformed, type Config } from '../config.js';
import type { Net } from '../net.js';
import { makeDivisible, roundHalfEven } from '../rounding.js';

/** Transformers' MobileNetV2ForImageClassification. Source: transformers/models/mobilenet_v2/modeling_mobilenet_v2.py */
export const mobileNetV2: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const [height, width] = config.pair('image_size', bounds.image);
  const multiplier = config.float('depth_multiplier', 1);
  const expansion = config.float('expand_ratio', 6);
  const divisor = config.int('depth_divisible_by', { max: 1024, fallback: 8 });
  const least = config.int('min_depth', { max: 1024, fallback: 8 });
  const outputStride = config.int('output_stride', { max: 1024, fallback: 32 });
  const firstExpands = config.flag('first_layer_is_expansion', true);
  const fine = config.flag('finegrained_output', true);
  const layer = layerOf(config);
  if (!(multiplier > 0 && multiplier <= 64 && expansion > 0 && expansion <= 64)) {
    throw malformed(config, 'depth_multiplier and expand_ratio have to be from 0 to 64');
  }
  const divisible = (value: number): number => makeDivisible(roundHalfEven(value), divisor, least);

  const net = start([channels, height, width]);
  const stem = 'mobilenet_v2.conv_stem';
  const expanded = divisible(32 * multiplier);
  const widths = outputs.map((value) => divisible(value * multiplier));
  let x = layer(net, 'pixel_values', `${stem}.first_conv`, { from: channels, to: expanded, kernel: 3, stride: 2 });
  if (!firstExpands) x = layer(net, x, `${stem}.expand_1x1`, { from: expanded, to: expanded, kernel: 1 });
  x = layer(net, x, `${stem}.conv_3x3`, { from: expanded, to: expanded, kernel: 3, groups: expanded });
  x = layer(net, x, `${stem}.reduce_1x1`, { from: expanded, to: widths[0]!, kernel: 1, linear: true });

  let [current, dilation] = [2, 1];
  strides.forEach((wanted, i) => {
    const dilated = current === outputStride;
    const [stride, spread] = dilated ? [1, dilation] : [wanted, 1];
    if (dilated) dilation *= wanted;
    else current *= wanted;
    const [from, to] = [widths[i]!, widths[i + 1]!];
    const inner = divisible(from * expansion);
    const path = `mobilenet_v2.layer.${i}`;
    const shape = { from: inner, to: inner, kernel: 3, groups: inner, stride, dilation: spread };
    let y = layer(net, x, `${path}.expand_1x1`, { from, to: inner, kernel: 1 });
    y = layer(net, y, `${path}.conv_3x3`, shape);
    y = layer(net, y, `${path}.reduce_1x1`, { from: inner, to, kernel: 1, linear: true });
    x = stride === 1 && from === to ? net.add(x, y, path) : y;
  });
  const last = fine && multiplier < 1 ? 1280 : divisible(1280 * multiplier);
  x = layer(net, x, 'mobilenet_v2.conv_1x1', { from: widths.at(-1)!, to: last, kernel: 1 });
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'mobilenet_v2.pooler'), 'classifier', last, classes);
  return net.finish(logits, { name: 'mobilenet_v2', classes, metadata: new Map() });
};

/** Channels behind the stem and each block, before the multiplier; strides of the blocks. */
const outputs = [16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320];
const strides = [2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1];

interface Layer extends ConvNormShape {
  /** Without activation. */
  readonly linear?: boolean;
}

function layerOf(config: Config): (net: Net, x: string, path: string, layer: Layer) => string {
  const act = config.string('hidden_act', 'relu6');
  const epsilon = config.float('layer_norm_eps', 0.001);
  const same = config.flag('tf_padding', true);
  return (net, x, path, { linear = false, ...shape }) =>
    convolutionNorm(net, x, path, {
      ...shape,
      epsilon,
      act: linear ? undefined : act,
      ...(same ? { padding: 'same' } : {}),
    });
}
