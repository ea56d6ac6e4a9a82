import { bounds, classesOf, type Architecture } from '../architecture.js';
import { malformed } from '../config.js';
import { convNorm, type ConvNorm } from '../conv-norm.js';
import { regnetBlock, type RegnetNames } from '../regnet-block.js';

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
    throw malformed(config, 'hidden_sizes and depths have to be as long as each other');
  }

  const net = start([channels, 'height', 'width']);
  const stemNames = ['regnet.embedder.embedder.convolution', 'regnet.embedder.embedder.normalization'] as const;
  let x = convNorm(net, 'pixel_values', stemNames, { from: channels, to: stem, kernel: 3, stride: 2, act });
  let from = stem;
  widths.forEach((to, stage) => {
    const groups = Math.max(1, Math.floor(to / groupsWidth));
    if (to % groups !== 0) {
      throw malformed(config, `${to} channels do not fit the groups_width ${groupsWidth}`);
    }
    for (let i = 0; i < depths[stage]!; i++) {
      const stride = i === 0 && (stage > 0 || firstHalves) ? 2 : 1;
      const names = namesOf(`regnet.encoder.stages.${stage}.layers.${i}`, kind);
      x = regnetBlock(net, x, names, { from, to, stride, groups, act });
      from = to;
    }
  });
  const classes = classesOf(config);
  const logits = net.head(net.globalAverage(x, 'regnet.pooler'), 'classifier.1', from, classes);
  return net.finish(logits, { name: 'regnet', classes, metadata: new Map() });
};

function namesOf(path: string, kind: 'x' | 'y'): RegnetNames {
  const names = (part: string): ConvNorm => [`${path}.${part}.convolution`, `${path}.${part}.normalization`];
  const at = `${path}.layer.2`;
  return {
    path,
    convolutions: [names('layer.0'), names('layer.1'), names(`layer.${kind === 'y' ? 3 : 2}`)],
    shortcut: names('shortcut'),
    ...(kind === 'y' ? { squeeze: { path: at, reduce: `${at}.attention.0`, expand: `${at}.attention.2` } } : {}),
  };
}
