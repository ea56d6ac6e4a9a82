import { bounds, classesOf, type Architecture } from '../architecture.js';
import { convNorm } from '../conv-norm.js';
import { malformed, type Config } from '../config.js';
import type { Net } from '../net.js';
import { makeDivisible } from '../rounding.js';
import { squeezeExcite } from '../squeeze-excite.js';

/** Transformers' EfficientNetForImageClassification. Source: transformers/models/efficientnet/modeling_efficientnet.py */
export const efficientNet: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const [height, width] = config.pair('image_size', { ...bounds.image, fallback: 600 });
  const widen = factor(config, 'width_coefficient', 2);
  const deepen = factor(config, 'depth_coefficient', 3.1);
  const divisor = config.int('depth_divisor', { max: 1024, fallback: 8 });
  const last = config.int('hidden_dim', { ...bounds.width, fallback: 2560 });
  const squeeze = factor(config, 'squeeze_expansion_ratio', 0.25);
  const symmetric = new Set(config.ints('depthwise_padding', { min: 0, max: 10_000, fallback: [] }));
  const stages = stagesOf(config);
  const style: Style = { act: config.string('hidden_act', 'swish'), epsilon: config.float('batch_norm_eps', 0.001) };
  config.choice('pooling_type', ['mean'], 'mean');
  const rounded = (value: number): number => makeDivisible(value * widen, divisor);

  const net = start([channels, height, width]);
  const stem = 'efficientnet.embeddings';
  const first = { from: channels, to: rounded(32), kernel: 3, stride: 2, padding: [0, 0, 1, 1] } as const;
  let x = convNorm(net, 'pixel_values', [`${stem}.convolution`, `${stem}.batchnorm`], { ...first, ...style });
  let count = 0;
  for (const stage of stages) {
    const [from, to] = [rounded(stage.from), rounded(stage.to)];
    for (let i = 0; i < Math.ceil(deepen * stage.repeats); i++) {
      const own = { ...stage, from: i > 0 ? to : from, to, stride: i > 0 ? 1 : stage.stride, residual: i > 0 };
      const squeezed = Math.max(1, Math.trunc(own.from * squeeze));
      const path = `efficientnet.encoder.blocks.${count}`;
      x = block(net, x, path, { ...own, squeezed, symmetric: symmetric.has(count) }, style);
      count++;
    }
  }
  const encoder = 'efficientnet.encoder';
  const top = { from: rounded(stages.at(-1)!.to), to: rounded(1280), kernel: 1 };
  if (top.to !== last) throw malformed(config, `hidden_dim is ${last}, the last convolution has ${top.to} channels`);
  x = convNorm(net, x, [`${encoder}.top_conv`, `${encoder}.top_bn`], { ...top, ...style });
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'efficientnet.pooler'), 'classifier', last, classes);
  return net.finish(logits, { name: 'efficientnet', classes, metadata: new Map() });
};

interface Style {
  readonly act: string;
  readonly epsilon: number;
}

interface Stage {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly expand: number;
  readonly repeats: number;
}

interface Block extends Stage {
  readonly residual: boolean;
  readonly squeezed: number;
  /** With stride 2, the padding is the same on all sides. */
  readonly symmetric: boolean;
}

function block(net: Net, x: string, path: string, shape: Block, style: Style): string {
  const { from, to, kernel, stride, expand, residual, squeezed, symmetric } = shape;
  const inner = from * expand;
  const at = `${path}.depthwise_conv.depthwise`;
  const half = Math.floor(kernel / 2);
  const early = stride === 2 && !symmetric ? half - 1 : half;
  const expansion = [`${path}.expansion.expand_conv`, `${path}.expansion.expand_bn`] as const;
  let y = expand === 1 ? x : convNorm(net, x, expansion, { from, to: inner, kernel: 1, ...style });
  const depthwise = {
    from: inner,
    to: inner,
    kernel,
    stride,
    groups: inner,
    padding: [early, early, half, half],
  } as const;
  y = convNorm(net, y, [`${at}_conv`, `${at}_norm`], { ...depthwise, ...style });
  y = squeezeExcite(net, y, `${path}.squeeze_excite`, {
    channels: inner,
    squeezed,
    reduce: `${path}.squeeze_excite.reduce`,
    expand: `${path}.squeeze_excite.expand`,
    acts: [style.act, 'sigmoid'],
  });
  const projection = [`${path}.projection.project_conv`, `${path}.projection.project_bn`] as const;
  y = convNorm(net, y, projection, { from: inner, to, kernel: 1, ...style, act: 'linear' });
  return residual ? net.add(y, x, path) : y;
}

function stagesOf(config: Config): readonly Stage[] {
  const list = (key: string, max: number, fallback: readonly number[]): number[] => {
    const length = key === 'in_channels' ? undefined : froms.length;
    return config.ints(key, { max, fallback, ...(length === undefined ? {} : { length }) });
  };
  const froms: number[] = [];
  froms.push(...list('in_channels', bounds.width.max, [32, 16, 24, 40, 80, 112, 192]));
  const tos = list('out_channels', bounds.width.max, [16, 24, 40, 80, 112, 192, 320]);
  const kernels = list('kernel_sizes', 31, [3, 3, 5, 3, 5, 5, 3]);
  const strides = list('strides', 2, [1, 2, 2, 2, 1, 2, 1]);
  const expands = list('expand_ratios', 64, [1, 6, 6, 6, 6, 6, 6]);
  const repeats = list('num_block_repeats', bounds.layers.max, [1, 2, 2, 3, 3, 4, 1]);
  if (froms.length === 0) throw malformed(config, 'in_channels is empty');
  if (kernels.some((kernel) => kernel % 2 === 0)) throw malformed(config, 'kernel_sizes have to be odd');
  return froms.map((from, i) => ({
    from,
    to: tos[i]!,
    kernel: kernels[i]!,
    stride: strides[i]!,
    expand: expands[i]!,
    repeats: repeats[i]!,
  }));
}

function factor(config: Config, key: string, fallback: number): number {
  const value = config.float(key, fallback);
  if (value > 0 && value <= 64) return value;
  throw malformed(config, `${key} has to be from 0 to 64`);
}
