import { bounds } from '../architecture.js';
import { attention } from '../attention.js';
import { malformed, type Config } from '../config.js';
import type { Net } from '../net.js';

/** What the configs of Transformers' Vision Transformers have in common. */
export interface TransformerSizes {
  readonly channels: number;
  readonly width: number;
  readonly heads: number;
  readonly layers: number;
  readonly epsilon: number;
  readonly act: string;
  /** [height, width], of the image, of a patch, and in patches. */
  readonly image: readonly [number, number];
  readonly patch: readonly [number, number];
  readonly grid: readonly [number, number];
}

export function transformerSizes(
  config: Config,
  defaults: { patch?: number; epsilon?: number; act?: string } = {},
): TransformerSizes {
  const width = config.int('hidden_size', { ...bounds.width, fallback: 768 });
  const heads = config.int('num_attention_heads', { ...bounds.heads, fallback: 12 });
  const image = config.pair('image_size', bounds.image);
  const patch = config.pair('patch_size', { ...bounds.patch, fallback: defaults.patch ?? 16 });
  const grid = [Math.floor(image[0] / patch[0]), Math.floor(image[1] / patch[1])] as const;
  if (width % heads !== 0) {
    throw malformed(config, `hidden_size ${width} is no multiple of num_attention_heads ${heads}`);
  }
  if (grid[0] * grid[1] < 1) throw malformed(config, 'the image_size is below the patch_size');
  return {
    channels: config.int('num_channels', bounds.channels),
    width,
    heads,
    layers: config.int('num_hidden_layers', { ...bounds.layers, fallback: 12 }),
    epsilon: config.float('layer_norm_eps', defaults.epsilon ?? 1e-12),
    act: config.string('hidden_act', defaults.act ?? 'gelu'),
    image,
    patch,
    grid,
  };
}

/**
 * The patches of the image behind some special tokens, [N, tokens, width].
 * @param special names of the parameters at `path`.
 */
export function embed(
  net: Net,
  path: string,
  sizes: TransformerSizes,
  special: readonly string[],
  positions = true,
): string {
  const { channels, width, patch, grid } = sizes;
  const patches = grid[0] * grid[1];
  const shape = { from: channels, to: width, kernel: patch, stride: patch };
  const image = net.conv('pixel_values', `${path}.patch_embeddings.projection`, shape);
  const flat = net.transpose(net.reshape(image, [-1, width, patches], path), [0, 2, 1], path);
  const tokens = net.concat(
    [...special.map((name) => net.perImage(`${path}.${name}`, [1, width], flat, path)), flat],
    1,
    path,
  );
  // Pre-training leaves a token for masked patches behind.
  net.weights.ignore(new RegExp(`^${path.replaceAll('.', '\\.')}\\.mask_token$`));
  if (!positions) return tokens;
  const position = net.weights.take(`${path}.position_embeddings`, [1, patches + special.length, width]);
  return net.add(tokens, position, path);
}

export interface SelfAttention {
  /** Which of query, key and value have a bias. */
  readonly biases: readonly [boolean, boolean, boolean];
  /** What becomes of the scores, [N, heads, tokens, tokens], before the softmax. */
  readonly bias?: (scores: string) => string;
}

/** `query`, `key`, `value` below `path`.attention, and the dense layer behind them. */
export function selfAttention(
  net: Net,
  x: string,
  path: string,
  { width, heads }: Pick<TransformerSizes, 'width' | 'heads'>,
  { biases, bias }: SelfAttention,
): string {
  const at = `${path}.attention`;
  const [q, k, v] = ['query', 'key', 'value'].map((part, i) =>
    net.linear(x, `${at}.${part}`, width, width, biases[i]),
  ) as [string, string, string];
  const shape = { channels: width, heads, ...(bias === undefined ? {} : { bias }) };
  return net.linear(attention(net, [q, k, v], at, shape), `${path}.output.dense`, width, width);
}

export interface EncoderLayer {
  readonly width: number;
  readonly heads: number;
  /** Of the layer behind the attention. */
  readonly hidden: number;
  readonly act: string;
  readonly epsilon: number;
  readonly qkvBias: boolean;
}

/** Attention and a layer of its own for each token, each behind a norm and added to its input. */
export function encoderLayer(net: Net, x: string, path: string, layer: EncoderLayer): string {
  const { width, hidden, act, epsilon, qkvBias } = layer;
  const before = net.layerNorm(x, `${path}.layernorm_before`, width, epsilon);
  const biases = [qkvBias, qkvBias, qkvBias] as const;
  const sum = net.add(selfAttention(net, before, `${path}.attention`, layer, { biases }), x, path);
  const after = net.layerNorm(sum, `${path}.layernorm_after`, width, epsilon);
  const inner = net.linear(after, `${path}.intermediate.dense`, width, hidden);
  const active = net.activation(inner, `${path}.intermediate`, act);
  return net.add(net.linear(active, `${path}.output.dense`, hidden, width), sum, path);
}

/** [N, tokens, width] to [N, width]. */
export function token(net: Net, tokens: string, index: number, width: number, path: string): string {
  return net.reshape(net.slice(tokens, 1, index, index + 1, path), [-1, width], path);
}

/** The mean over the tokens of the patches, which come after others: [N, width]. */
export function meanOfPatches(net: Net, tokens: string, { grid }: TransformerSizes, path: string, first = 1): string {
  const patches = grid[0] * grid[1];
  const own = net.slice(tokens, 1, first, first + patches, path);
  return net.scale(net.emit.reduceSum(own, [1]), 1 / patches, path);
}

/** Transformers interpolates positions for other images, even where it has one for each patch. */
export function onlySquare(config: Config, { image, grid }: TransformerSizes): void {
  if (image[0] === image[1] && grid[0] === grid[1]) return;
  throw malformed(
    config,
    `image_size and patch_size have to be square for this architecture, not ${image.join(' x ')}`,
  );
}
