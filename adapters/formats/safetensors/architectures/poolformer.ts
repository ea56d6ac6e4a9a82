import { bounds, classesOf, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import type { Net } from '../net.js';

/**
 * Transformers' PoolFormerForImageClassification: a mean over neighbours instead of attention. Images of any size.
 * Source: transformers/models/poolformer/modeling_poolformer.py
 */
export const poolFormer: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const stages = config.int('num_encoder_blocks', { max: 16, fallback: 4 });
  const perStage = (key: string, max: number, fallback: readonly number[], min = 1): number[] =>
    config.ints(key, { min, max, fallback, length: stages });
  const depths = perStage('depths', bounds.layers.max, [2, 2, 6, 2]);
  const widths = perStage('hidden_sizes', bounds.width.max, [64, 128, 320, 512]);
  const patches = perStage('patch_sizes', bounds.patch.max, [7, 3, 3, 3]);
  const strides = perStage('strides', bounds.patch.max, [4, 2, 2, 2]);
  const paddings = perStage('padding', bounds.patch.max, [2, 1, 1, 1], 0);
  const ratio = config.float('mlp_ratio', 4);
  const settings = {
    pool: config.int('pool_size', { max: 1023, fallback: 3 }),
    act: config.string('hidden_act', 'gelu'),
    scaled: config.flag('use_layer_scale', true),
  };
  if (settings.pool % 2 === 0) throw malformed(config, 'pool_size has to be odd');

  const net = start([channels, 'height', 'width']);
  let from = channels;
  let x = 'pixel_values';
  widths.forEach((width, stage) => {
    const shape = { from, to: width, kernel: patches[stage]!, stride: strides[stage]!, padding: paddings[stage]! };
    x = net.conv(x, `poolformer.encoder.patch_embeddings.${stage}.projection`, shape);
    const hidden = Math.trunc(width * ratio);
    for (let i = 0; i < depths[stage]!; i++) {
      x = block(net, x, `poolformer.encoder.block.${stage}.${i}`, { ...settings, width, hidden });
    }
    from = width;
  });
  const classes = classesOf(config);
  const pooled = net.globalAverage(net.groupNorm(x, 'norm', from, 1, epsilon), 'poolformer');
  const logits = net.head(pooled, 'classifier', from, classes);
  return net.finish(logits, { name: 'poolformer', classes, metadata: new Map() });
};

const epsilon = 1e-5;

interface Block {
  readonly width: number;
  readonly hidden: number;
  readonly pool: number;
  readonly act: string;
  /** By a factor for each channel. */
  readonly scaled: boolean;
}

function block(net: Net, x: string, path: string, { width, hidden, pool, act, scaled }: Block): string {
  const scale = (y: string, name: string): string => {
    if (!scaled) return y;
    return net.mul(y, net.reshape(net.weights.take(`${path}.${name}`, [width]), [width, 1, 1], path), path);
  };
  const before = net.groupNorm(x, `${path}.before_norm`, width, 1, epsilon);
  const window = { kernel: pool, stride: 1, padding: Math.floor(pool / 2), countPadding: false };
  const difference = net.op(path, 'Sub', [net.averagePool(before, path, window), before]);
  const sum = net.add(x, scale(difference, 'layer_scale_1'), path);
  const after = net.groupNorm(sum, `${path}.after_norm`, width, 1, epsilon);
  const inner = net.activation(
    net.conv(after, `${path}.output.conv1`, { from: width, to: hidden, kernel: 1 }),
    path,
    act,
  );
  const outer = net.conv(inner, `${path}.output.conv2`, { from: hidden, to: width, kernel: 1 });
  return net.add(sum, scale(outer, 'layer_scale_2'), path);
}
