import { bounds, classesOf, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import { convolutionNorm } from '../conv-norm.js';
import type { Net } from '../net.js';

/**
 * Transformers' ResNetForImageClassification. Images of any size: the config names none.
 * Source: transformers/models/resnet/modeling_resnet.py
 */
export const resnet: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const stem = config.int('embedding_size', { ...bounds.width, fallback: 64 });
  const widths = config.ints('hidden_sizes', { ...bounds.width, fallback: [256, 512, 1024, 2048] });
  const depths = config.ints('depths', { ...bounds.layers, fallback: [3, 4, 6, 3] });
  const kind = config.choice('layer_type', ['basic', 'bottleneck'], 'bottleneck');
  const act = config.string('hidden_act', 'relu');
  const firstHalves = config.flag('downsample_in_first_stage', false);
  const earlyStride = config.flag('downsample_in_bottleneck', false);
  if (widths.length !== depths.length || widths.length === 0) {
    throw malformed(config, 'hidden_sizes and depths have to be as long as each other');
  }

  const net = start([channels, 'height', 'width']);
  const embedder = 'resnet.embedder.embedder';
  let x = convolutionNorm(net, 'pixel_values', embedder, { from: channels, to: stem, kernel: 7, stride: 2, act });
  x = net.maxPool(x, 'resnet.embedder.pooler', { kernel: 3, stride: 2, padding: 1 });
  let from = stem;
  widths.forEach((to, stage) => {
    for (let i = 0; i < depths[stage]!; i++) {
      const path = `resnet.encoder.stages.${stage}.layers.${i}`;
      const stride = i === 0 && (stage > 0 || firstHalves) ? 2 : 1;
      const block = { from, to, stride, act, earlyStride };
      x = kind === 'basic' ? basic(net, x, path, block) : bottleneck(net, x, path, block);
      from = to;
    }
  });
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'resnet.pooler'), 'classifier.1', from, classes);
  return net.finish(logits, { name: 'resnet', classes, metadata: new Map() });
};

interface Block {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly act: string;
  /** The stride is that of the first convolution, not of the second. */
  readonly earlyStride: boolean;
}

function basic(net: Net, x: string, path: string, { from, to, stride, act }: Block): string {
  const first = convolutionNorm(net, x, `${path}.layer.0`, { from, to, kernel: 3, stride, act });
  const second = convolutionNorm(net, first, `${path}.layer.1`, { from: to, to, kernel: 3, stride: 1 });
  return net.activation(net.add(second, shortcut(net, x, path, from, to, stride), path), path, act);
}

function bottleneck(net: Net, x: string, path: string, block: Block): string {
  const { from, to, stride, act, earlyStride } = block;
  const inner = Math.max(1, Math.floor(to / 4));
  const [one, two] = earlyStride ? [stride, 1] : [1, stride];
  const first = convolutionNorm(net, x, `${path}.layer.0`, { from, to: inner, kernel: 1, stride: one, act });
  const second = convolutionNorm(net, first, `${path}.layer.1`, {
    from: inner,
    to: inner,
    kernel: 3,
    stride: two,
    act,
  });
  const third = convolutionNorm(net, second, `${path}.layer.2`, { from: inner, to, kernel: 1, stride: 1 });
  return net.activation(net.add(third, shortcut(net, x, path, from, to, stride), path), path, act);
}

function shortcut(net: Net, x: string, path: string, from: number, to: number, stride: number): string {
  return from === to && stride === 1 ? x : convolutionNorm(net, x, `${path}.shortcut`, { from, to, kernel: 1, stride });
}
