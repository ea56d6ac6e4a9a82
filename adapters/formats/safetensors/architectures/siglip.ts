import { bounds, classesOf, type Architecture } from '../architecture.js';
import { attention } from '../attention.js';
import { configOf } from '../config.js';
import type { Net } from '../net.js';
import { onlySquare, transformerSizes, type TransformerSizes } from './transformer.js';

/**
 * Transformers' SiglipForImageClassification, of SigLIP and SigLIP 2: the mean over the patches of a Vision Transformer
 * without special tokens. Source: transformers/models/siglip/modeling_siglip.py
 */
export const siglip: Architecture = (config, start) => {
  const vision = config.object('vision_config') ?? configOf({}, `${config.title}: vision_config`);
  const sizes = transformerSizes(vision, { epsilon: 1e-6, act: 'gelu_pytorch_tanh' });
  const { channels, width, layers, epsilon, image, patch, grid } = sizes;
  const hidden = vision.int('intermediate_size', { ...bounds.width, fallback: 3072 });
  const patches = grid[0] * grid[1];
  onlySquare(vision, sizes);

  const net = start([channels, ...image]);
  // Pools for comparison with texts; the classifier reads what comes before.
  net.weights.ignore(/^vision_model\.head\./);
  const at = 'vision_model.embeddings';
  const shape = { from: channels, to: width, kernel: patch, stride: patch };
  const projected = net.conv('pixel_values', `${at}.patch_embedding`, shape);
  const flat = net.transpose(net.reshape(projected, [-1, width, patches], at), [0, 2, 1], at);
  let x = net.add(flat, net.weights.take(`${at}.position_embedding.weight`, [patches, width]), at);
  for (let i = 0; i < layers; i++) x = layer(net, x, `vision_model.encoder.layers.${i}`, sizes, hidden);
  const normed = net.layerNorm(x, 'vision_model.post_layernorm', width, epsilon);
  const pooled = net.scale(net.emit.reduceSum(normed, [1]), 1 / patches, 'classifier');
  const classes = classesOf(config);
  const logits = net.head(pooled, 'classifier', width, classes);
  return net.finish(logits, { name: 'siglip', classes, metadata: new Map() });
};

function layer(net: Net, x: string, path: string, sizes: TransformerSizes, hidden: number): string {
  const { width, heads, epsilon, act } = sizes;
  const before = net.layerNorm(x, `${path}.layer_norm1`, width, epsilon);
  const at = `${path}.self_attn`;
  const [q, k, v] = ['q', 'k', 'v'].map((part) => net.linear(before, `${at}.${part}_proj`, width, width)) as [
    string,
    string,
    string,
  ];
  const mixed = attention(net, [q, k, v], at, { channels: width, heads });
  const sum = net.add(x, net.linear(mixed, `${at}.out_proj`, width, width), path);
  const after = net.layerNorm(sum, `${path}.layer_norm2`, width, epsilon);
  const inner = net.activation(net.linear(after, `${path}.mlp.fc1`, width, hidden), `${path}.mlp`, act);
  return net.add(sum, net.linear(inner, `${path}.mlp.fc2`, hidden, width), path);
}
