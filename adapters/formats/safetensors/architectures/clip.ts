import type { Graph } from '../../../../core/onnx/graph.js';
import { bounds, classesOf, type Architecture } from '../architecture.js';
import { attention } from '../attention.js';
import { configOf, type Config } from '../config.js';
import type { Net } from '../net.js';
import { meanOfPatches, onlySquare, transformerSizes, type TransformerSizes } from './transformer.js';

/**
 * Transformers' CLIPForImageClassification: the mean over the patches of CLIP's Vision Transformer.
 * Source: transformers/models/clip/modeling_clip.py
 */
export const clip: Architecture = (config, start) => {
  const { vision, sizes } = visionOf(config, { epsilon: 1e-5, act: 'quick_gelu', patch: 32 });
  const { channels, width, epsilon, image, grid } = sizes;
  const net = start([channels, ...image]);
  // What compares with texts; the classifier reads what comes before.
  net.weights.ignore(/^vision_model\.(post_layernorm\.|embeddings\.position_ids$)/);
  const patches = patchesOf(net, sizes, false);
  const first = net.perImage(`${embeddings}.class_embedding`, [1, width], patches, embeddings, [width]);
  const tokens = located(net, net.concat([first, patches], 1, embeddings), grid[0] * grid[1] + 1, width);
  const normed = net.layerNorm(tokens, 'vision_model.pre_layrnorm', width, epsilon);
  return classified(net, config, sizes, layers(net, normed, vision, sizes), { name: 'clip', special: 1 });
};

/**
 * Transformers' SiglipForImageClassification, of SigLIP and SigLIP 2: the same without a special token.
 * Source: transformers/models/siglip/modeling_siglip.py
 */
export const siglip: Architecture = (config, start) => {
  const { vision, sizes } = visionOf(config, { epsilon: 1e-6, act: 'gelu_pytorch_tanh', patch: 16 });
  const { channels, width, epsilon, image, grid } = sizes;
  const net = start([channels, ...image]);
  net.weights.ignore(/^vision_model\.(head\.|embeddings\.position_ids$)/);
  const tokens = located(net, patchesOf(net, sizes, true), grid[0] * grid[1], width);
  const encoded = layers(net, tokens, vision, sizes);
  const normed = net.layerNorm(encoded, 'vision_model.post_layernorm', width, epsilon);
  return classified(net, config, sizes, normed, { name: 'siglip', special: 0 });
};

const embeddings = 'vision_model.embeddings';

interface Vision {
  readonly vision: Config;
  readonly sizes: TransformerSizes;
}

function visionOf(config: Config, defaults: Parameters<typeof transformerSizes>[1]): Vision {
  const vision = config.object('vision_config') ?? configOf({}, `${config.title}: vision_config`);
  const sizes = transformerSizes(vision, defaults);
  onlySquare(vision, sizes);
  return { vision, sizes };
}

function patchesOf(net: Net, { channels, width, patch, grid }: TransformerSizes, bias: boolean): string {
  const shape = { from: channels, to: width, kernel: patch, stride: patch, bias };
  const image = net.conv('pixel_values', `${embeddings}.patch_embedding`, shape);
  const flat = net.reshape(image, [-1, width, grid[0] * grid[1]], embeddings);
  return net.transpose(flat, [0, 2, 1], embeddings);
}

function located(net: Net, tokens: string, count: number, width: number): string {
  const positions = net.weights.take(`${embeddings}.position_embedding.weight`, [count, width]);
  return net.add(tokens, positions, embeddings);
}

function layers(net: Net, tokens: string, vision: Config, sizes: TransformerSizes): string {
  const { width, heads, epsilon, act, layers: count } = sizes;
  const hidden = vision.int('intermediate_size', { ...bounds.width, fallback: 3072 });
  let x = tokens;
  for (let i = 0; i < count; i++) {
    const path = `vision_model.encoder.layers.${i}`;
    const before = net.layerNorm(x, `${path}.layer_norm1`, width, epsilon);
    const at = `${path}.self_attn`;
    const project = (part: string): string => net.linear(before, `${at}.${part}_proj`, width, width);
    const mixed = attention(net, [project('q'), project('k'), project('v')], at, { channels: width, heads });
    x = net.add(x, net.linear(mixed, `${at}.out_proj`, width, width), path);
    const after = net.layerNorm(x, `${path}.layer_norm2`, width, epsilon);
    const inner = net.activation(net.linear(after, `${path}.mlp.fc1`, width, hidden), `${path}.mlp`, act);
    x = net.add(x, net.linear(inner, `${path}.mlp.fc2`, hidden, width), path);
  }
  return x;
}

function classified(
  net: Net,
  config: Config,
  sizes: TransformerSizes,
  tokens: string,
  { name, special }: { readonly name: string; readonly special: number },
): Graph {
  const classes = classesOf(config);
  const pooled = meanOfPatches(net, tokens, sizes, 'classifier', special);
  return net.finish(net.head(pooled, 'classifier', sizes.width, classes), { name, classes, metadata: new Map() });
}
