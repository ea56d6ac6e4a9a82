import type { Architecture } from '../../architecture.js';
import { convNorm, type ConvNorm, type ConvNormShape } from '../../conv-norm.js';
import type { Net } from '../../net.js';
import { makeDivisible, roundHalfEven } from '../../rounding.js';
import { squeezeExcite } from '../../squeeze-excite.js';
import { timmArgs } from '../args.js';
import { blocksOf, widthOf, type MobileBlock, type MobileNet } from './definition.js';

/** A network of timm's EfficientNet family. Images of any size. Source: timm/models/efficientnet.py and mobilenetv3.py */
export function timmMobile(mobile: MobileNet): Architecture {
  return (config, start) => {
    const { classes, channels } = timmArgs(config, [], 'avg');
    const net = start([channels, 'height', 'width']);
    const { act, fixedEnds = false, fixedStem = fixedEnds } = mobile;
    const style: Style = { same: mobile.tensorflow ?? false, third: mobile.third ?? false };
    let from = fixedStem ? mobile.stem : widthOf(mobile, mobile.stem);
    const stem = { from: channels, to: from, kernel: 3, stride: 2, act };
    let x = normed(net, 'pixel_values', ['conv_stem', 'bn1'], stem, style);
    blocksOf(mobile).forEach((blocks, stage) => {
      blocks.forEach((block, i) => {
        x = writers[block.kind](net, x, `blocks.${stage}.${i}`, from, block, style);
        from = block.to;
      });
    });
    const features = featuresOf(mobile);
    let pooled: string;
    if (mobile.third) {
      const mean = net.op('global_pool', 'GlobalAveragePool', [x]);
      const wide = net.activation(net.conv(mean, 'conv_head', { from, to: features, kernel: 1 }), 'conv_head', act);
      pooled = net.op('flatten', 'Flatten', [wide], { axis: 1 });
    } else {
      const head = { from, to: features, kernel: 1, act };
      const last = features === 0 ? x : normed(net, x, ['conv_head', 'bn2'], head, style);
      pooled = net.globalAverage(last, 'global_pool');
    }
    const logits = net.head(pooled, 'classifier', features || from, classes);
    return net.finish(logits, { name: config.string('architecture'), classes, metadata: new Map() });
  };
}

interface Style {
  readonly same: boolean;
  readonly third: boolean;
}

type Writer = (net: Net, x: string, path: string, from: number, block: MobileBlock, style: Style) => string;

const separable: Writer = (net, x, path, from, block, style) => {
  const { kind, kernel, stride, to, act, skip } = block;
  const depthwise = { from, to: from, kernel, stride, groups: from, act };
  let y = normed(net, x, [`${path}.conv_dw`, `${path}.bn1`], depthwise, style);
  y = squeezed(net, y, path, from, block, style);
  const pointwise = { from, to, kernel: 1, act: kind === 'dsa' ? act : undefined };
  y = normed(net, y, [`${path}.conv_pw`, `${path}.bn2`], pointwise, style);
  return skip && stride === 1 && from === to ? net.add(y, x, path) : y;
};

const inverted: Writer = (net, x, path, from, block, style) => {
  const { kernel, stride, expand, to, act } = block;
  const inner = makeDivisible(from * expand, 8);
  let y = normed(net, x, [`${path}.conv_pw`, `${path}.bn1`], { from, to: inner, kernel: 1, act }, style);
  const depthwise = { from: inner, to: inner, kernel, stride, groups: inner, act };
  y = normed(net, y, [`${path}.conv_dw`, `${path}.bn2`], depthwise, style);
  y = squeezed(net, y, path, inner, block, style);
  y = normed(net, y, [`${path}.conv_pwl`, `${path}.bn3`], { from: inner, to, kernel: 1 }, style);
  return stride === 1 && from === to ? net.add(y, x, path) : y;
};

const edge: Writer = (net, x, path, from, block, style) => {
  const { kernel, stride, expand, to, act } = block;
  const inner = makeDivisible(from * expand, 8);
  let y = normed(net, x, [`${path}.conv_exp`, `${path}.bn1`], { from, to: inner, kernel, stride, act }, style);
  y = squeezed(net, y, path, inner, block, style);
  y = normed(net, y, [`${path}.conv_pwl`, `${path}.bn2`], { from: inner, to, kernel: 1 }, style);
  return stride === 1 && from === to ? net.add(y, x, path) : y;
};

const convolution: Writer = (net, x, path, from, { kernel, stride, to, act, skip }, style) => {
  const y = normed(net, x, [`${path}.conv`, `${path}.bn1`], { from, to, kernel, stride, act }, style);
  return skip && stride === 1 && from === to ? net.add(y, x, path) : y;
};

const writers: Readonly<Record<MobileBlock['kind'], Writer>> = {
  ds: separable,
  dsa: separable,
  ir: inverted,
  er: edge,
  cn: convolution,
};

function squeezed(
  net: Net,
  x: string,
  path: string,
  inner: number,
  { squeeze, expand, kind, act }: MobileBlock,
  { third }: Style,
): string {
  if (squeeze === 0) return x;
  // Of the channels that come in, which is how the number of those inside is written.
  const share = kind === 'ds' ? squeeze : squeeze / expand;
  const left = third ? makeDivisible(inner * squeeze, 8) : roundHalfEven(inner * share);
  return squeezeExcite(net, x, `${path}.se`, {
    channels: inner,
    squeezed: left,
    reduce: `${path}.se.conv_reduce`,
    expand: `${path}.se.conv_expand`,
    acts: third ? ['relu', 'hard_sigmoid'] : [act, 'sigmoid'],
  });
}

/** As TensorFlow pads, and with its epsilon, or as PyTorch does. */
function normed(net: Net, x: string, names: ConvNorm, shape: ConvNormShape, { same }: Style): string {
  return convNorm(net, x, names, same ? { ...shape, padding: 'same', epsilon: 1e-3 } : shape);
}

function featuresOf(mobile: MobileNet): number {
  const { features, head = 'widened' } = mobile;
  if (features === 0 || head === 'as-written') return features;
  const wide = widthOf(mobile, features);
  return head === 'at-least' ? Math.max(features, wide) : wide;
}
