import { ScanError } from '../../../../core/scan/errors.js';
import { bounds, classesOf, type Architecture } from '../architecture.js';
import type { Net } from '../net.js';
import { roundHalfEven } from '../rounding.js';
import { squeezeExcite } from '../squeeze-excite.js';

/**
 * Transformers' RegNetForImageClassification. Images of any size: the config names none.
 * Source: transformers/models/regnet/modeling_regnet.py
 */
export const regnet: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const stem = config.int('embedding_size', { ...bounds.width, fallback: 32 });
  const widths = config.ints('hidden_sizes', { ...bounds.width, fallback: [128, 192, 512, 1088] });
  const depths = config.ints('depths', { ...bounds.layers, fallback: [2, 6, 12, 2] });
  const groupsWidth = config.int('groups_width', { ...bounds.width, fallback: 64 });
  const kind = config.choice('layer_type', ['x', 'y'], 'y');
  const act = config.string('hidden_act', 'relu');
  const firstHalves = config.flag('downsample_in_first_stage', true);
  if (widths.length !== depths.length || widths.length === 0) {
    throw new ScanError('model-malformed', `${config.title}: hidden_sizes and depths have to be as long as each other`);
  }

  const net = start([channels, 'height', 'width']);
  let x = conv(net, 'pixel_values', 'regnet.embedder.embedder', {
    from: channels,
    to: stem,
    kernel: 3,
    stride: 2,
    act,
  });
  let from = stem;
  widths.forEach((to, stage) => {
    const groups = Math.max(1, Math.floor(to / groupsWidth));
    if (to % groups !== 0) {
      throw new ScanError(
        'model-malformed',
        `${config.title}: ${to} channels do not fit the groups_width ${groupsWidth}`,
      );
    }
    for (let i = 0; i < depths[stage]!; i++) {
      const stride = i === 0 && (stage > 0 || firstHalves) ? 2 : 1;
      x = layer(net, x, `regnet.encoder.stages.${stage}.layers.${i}`, { from, to, stride, groups, act, kind });
      from = to;
    }
  });
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'regnet.pooler'), 'classifier.1', from, classes);
  return net.finish(logits, { name: 'regnet', classes, metadata: new Map() });
};

interface Layer {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly groups: number;
  readonly act: string;
  /** A `y` is an `x` with squeeze and excitation. */
  readonly kind: 'x' | 'y';
}

function layer(net: Net, x: string, path: string, { from, to, stride, groups, act, kind }: Layer): string {
  let y = conv(net, x, `${path}.layer.0`, { from, to, kernel: 1, stride: 1, act });
  y = conv(net, y, `${path}.layer.1`, { from: to, to, kernel: 3, stride, groups, act });
  if (kind === 'y') {
    y = squeezeExcite(net, y, `${path}.layer.2`, {
      channels: to,
      squeezed: roundHalfEven(from / 4),
      reduce: `${path}.layer.2.attention.0`,
      expand: `${path}.layer.2.attention.2`,
      acts: ['relu', 'sigmoid'],
    });
  }
  y = conv(net, y, `${path}.layer.${kind === 'y' ? 3 : 2}`, { from: to, to, kernel: 1, stride: 1 });
  const short = from === to && stride === 1 ? x : conv(net, x, `${path}.shortcut`, { from, to, kernel: 1, stride });
  return net.activation(net.add(y, short, path), path, act);
}

interface Convolution {
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups?: number;
  readonly act?: string;
}

function conv(net: Net, x: string, path: string, { act, ...shape }: Convolution): string {
  const padding = Math.floor(shape.kernel / 2);
  const convolved = net.conv(x, `${path}.convolution`, { ...shape, padding, bias: false });
  const y = net.batchNorm(convolved, `${path}.normalization`, shape.to);
  return act === undefined ? y : net.activation(y, path, act);
}
