import { ScanError } from '../../../../core/scan/errors.js';
import { bounds, classesOf, type Architecture } from '../architecture.js';
import { attention } from '../attention.js';
import type { Config } from '../config.js';
import type { Net } from '../net.js';

/** Transformers' ViTForImageClassification. */
export const vit: Architecture = (config, start) => {
  const { net, tokens, width } = encode(config, start, 'vit', ['cls_token']);
  // A pooler is saved with some checkpoints; the classifier reads the first token without it.
  net.weights.ignore(/^vit\.pooler\.dense\.(weight|bias)$/);
  const classes = classesOf(config);
  const logits = net.head(token(net, tokens, 0, width, 'classifier'), 'classifier', width, classes);
  return net.finish(logits, { name: 'vit', classes, metadata: new Map() });
};

/** Transformers' DeiTForImageClassification: a ViT with one more token, which the classifier does not read. */
export const deit: Architecture = (config, start) => {
  const { net, tokens, width } = encode(config, start, 'deit', ['cls_token', 'distillation_token']);
  net.weights.ignore(/^deit\.pooler\.dense\.(weight|bias)$/);
  const classes = classesOf(config);
  const logits = net.head(token(net, tokens, 0, width, 'classifier'), 'classifier', width, classes);
  return net.finish(logits, { name: 'deit', classes, metadata: new Map() });
};

/** Transformers' DeiTForImageClassificationWithTeacher: the mean of a classifier on each of both tokens. */
export const deitWithTeacher: Architecture = (config, start) => {
  const { net, tokens, width } = encode(config, start, 'deit', ['cls_token', 'distillation_token']);
  net.weights.ignore(/^deit\.pooler\.dense\.(weight|bias)$/);
  const classes = classesOf(config);
  const [own, teachers] = ['cls_classifier', 'distillation_classifier'].map((path, i) =>
    net.head(token(net, tokens, i, width, path), path, width, classes),
  ) as [string, string];
  const logits = net.scale(net.add(own, teachers, 'classifier'), 0.5, 'classifier');
  return net.finish(logits, { name: 'deit', classes, metadata: new Map() });
};

interface Encoded {
  readonly net: Net;
  /** [N, tokens, width] */
  readonly tokens: string;
  readonly width: number;
}

/** All up to the last norm. Source: transformers/models/vit/modeling_vit.py */
function encode(config: Config, start: Parameters<Architecture>[1], root: string, extra: readonly string[]): Encoded {
  const channels = config.int('num_channels', bounds.channels);
  const width = config.int('hidden_size', { ...bounds.width, fallback: 768 });
  const heads = config.int('num_attention_heads', { ...bounds.heads, fallback: 12 });
  const hidden = config.int('intermediate_size', { ...bounds.width, fallback: 3072 });
  const layers = config.int('num_hidden_layers', { ...bounds.layers, fallback: 12 });
  const epsilon = config.float('layer_norm_eps', 1e-12);
  const act = config.string('hidden_act', 'gelu');
  const qkvBias = config.flag('qkv_bias', true);
  const [height, breadth] = config.pair('image_size', bounds.image);
  const patch = config.pair('patch_size', { ...bounds.patch, fallback: 16 });
  config.only('add_cross_attention', false);
  divides(config, width, heads, 'hidden_size', 'num_attention_heads');
  const patches = Math.floor(height / patch[0]) * Math.floor(breadth / patch[1]);
  if (patches < 1) throw new ScanError('model-malformed', `${config.title}: the image_size is below the patch_size`);
  const tokens = patches + extra.length;

  const net = start([channels, height, breadth]);
  const at = `${root}.embeddings`;
  const projection = `${at}.patch_embeddings.projection`;
  const image = net.conv('pixel_values', projection, { from: channels, to: width, kernel: patch, stride: patch });
  const flat = net.transpose(net.reshape(image, [-1, width, patches], at), [0, 2, 1], at);
  const special = extra.map((name) => net.perImage(`${at}.${name}`, [1, width], flat, at));
  const position = net.weights.take(`${at}.position_embeddings`, [1, tokens, width]);
  // Pre-training leaves a token for masked patches behind.
  net.weights.ignore(new RegExp(`^${root}\\.embeddings\\.mask_token$`));

  let x = net.add(net.concat([...special, flat], 1, at), position, at);
  for (let i = 0; i < layers; i++) {
    const path = `${root}.encoder.layer.${i}`;
    const before = net.layerNorm(x, `${path}.layernorm_before`, width, epsilon);
    const [q, k, v] = ['query', 'key', 'value'].map((part) =>
      net.linear(before, `${path}.attention.attention.${part}`, width, width, qkvBias),
    ) as [string, string, string];
    const mixed = attention(net, [q, k, v], `${path}.attention.attention`, { tokens, channels: width, heads });
    x = net.add(net.linear(mixed, `${path}.attention.output.dense`, width, width), x, path);
    const after = net.layerNorm(x, `${path}.layernorm_after`, width, epsilon);
    const inner = net.linear(after, `${path}.intermediate.dense`, width, hidden);
    const active = net.activation(inner, `${path}.intermediate`, act);
    x = net.add(net.linear(active, `${path}.output.dense`, hidden, width), x, path);
  }
  return { net, tokens: net.layerNorm(x, `${root}.layernorm`, width, epsilon), width };
}

/** [N, tokens, width] to [N, width]. */
function token(net: Net, tokens: string, index: number, width: number, path: string): string {
  return net.reshape(net.slice(tokens, 1, index, index + 1, path), [-1, width], path);
}

function divides(config: Config, whole: number, parts: number, wholeKey: string, partsKey: string): void {
  if (whole % parts === 0) return;
  throw new ScanError(
    'model-malformed',
    `${config.title}: ${wholeKey} ${whole} is no multiple of ${partsKey} ${parts}`,
  );
}
