import { bounds, classesOf, type Architecture, type Start } from '../architecture.js';
import type { Config } from '../config.js';
import type { Net } from '../net.js';
import { embed, encoderLayer, token, transformerSizes } from './transformer.js';

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
function encode(config: Config, start: Start, root: string, extra: readonly string[]): Encoded {
  const sizes = transformerSizes(config);
  const { channels, width, layers, epsilon, image } = sizes;
  const hidden = config.int('intermediate_size', { ...bounds.width, fallback: 3072 });
  const qkvBias = config.flag('qkv_bias', true);
  config.only('add_cross_attention', false);

  const net = start([channels, ...image]);
  let x = embed(net, `${root}.embeddings`, sizes, extra);
  for (let i = 0; i < layers; i++) {
    x = encoderLayer(net, x, `${root}.encoder.layer.${i}`, { ...sizes, hidden, qkvBias });
  }
  return { net, tokens: net.layerNorm(x, `${root}.layernorm`, width, epsilon), width };
}
