import type { Graph } from '../../../../core/onnx/graph.js';
import { bounds, classesOf, type Start } from '../architecture.js';
import { malformed, type Config } from '../config.js';
import type { Net } from '../net.js';
import { halved, joinNeighbours, tokensOf, windowBiases, type Size, type WindowBiases } from '../windows.js';

/** What the two Swin Transformers of Transformers do each in its own way. */
export interface SwinKind {
  readonly root: 'swin' | 'swinv2';
  readonly epsilon: number;
  /** What is added to the scores of tokens that are no neighbours. */
  readonly masked: number;
  blocks(net: Net, x: string, path: string, stage: SwinStage): string;
  /** Behind four neighbours, which have become one token: from four times to twice the width. */
  reduce(net: Net, x: string, path: string, width: number): string;
}

export interface SwinStage {
  readonly config: Config;
  readonly biases: WindowBiases;
  readonly stage: number;
  /** Of the image, in tokens, and of the patches of the whole image. */
  readonly size: Size;
  readonly grid: Size;
  readonly depth: number;
  readonly width: number;
  readonly heads: number;
  /** Of the layer behind the attention. */
  readonly hidden: number;
  readonly window: number;
  readonly epsilon: number;
  readonly act: string;
  readonly qkvBias: boolean;
}

/** Patches, stages of blocks with merged patches in between, and a classifier of the mean token. */
export function swinStages(config: Config, start: Start, kind: SwinKind): Graph {
  const channels = config.int('num_channels', bounds.channels);
  const image = config.pair('image_size', bounds.image);
  const patch = config.pair('patch_size', { ...bounds.patch, fallback: 4 });
  const first = config.int('embed_dim', { ...bounds.width, fallback: 96 });
  const depths = config.ints('depths', { ...bounds.layers, fallback: [2, 2, 6, 2] });
  const heads = config.ints('num_heads', { ...bounds.heads, fallback: [3, 6, 12, 24], length: depths.length });
  const window = config.int('window_size', { max: 32, fallback: 7 });
  const ratio = config.float('mlp_ratio', 4);
  const epsilon = config.float('layer_norm_eps', kind.epsilon);
  const act = config.string('hidden_act', 'gelu');
  const qkvBias = config.flag('qkv_bias', true);
  if (depths.length < 1 || depths.length > 16) throw malformed(config, 'depths has to hold 1 to 16 numbers');

  const net = start([channels, ...image]);
  const { root } = kind;
  const at = `${root}.embeddings`;
  const [down, right] = image.map((size, i) => (patch[i]! - (size % patch[i]!)) % patch[i]!) as [number, number];
  const grid: Size = [(image[0] + down) / patch[0], (image[1] + right) / patch[1]];
  const shape = { from: channels, to: first, kernel: patch, stride: patch, padding: [0, 0, down, right] } as const;
  const patches = net.conv('pixel_values', `${at}.patch_embeddings.projection`, shape);
  let x = net.layerNorm(tokensOf(net, patches, grid, first, at), `${at}.norm`, first, defaultEpsilon);
  if (config.flag('use_absolute_embeddings', false)) {
    x = net.add(x, net.weights.take(`${at}.position_embeddings`, [1, grid[0] * grid[1], first]), at);
  }
  net.weights.ignore(/\.embeddings\.mask_token$|\.relative_(position_index|coords_table)$/);

  const biases = windowBiases(net, config.title, kind.masked);
  const common = { config, biases, grid, window, epsilon, act, qkvBias };
  let size = grid;
  let width = first;
  depths.forEach((depth, stage) => {
    const path = `${root}.encoder.layers.${stage}`;
    const own = heads[stage]!;
    if (width % own !== 0) throw malformed(config, `${width} channels are no multiple of ${own} heads`);
    const hidden = Math.trunc(ratio * width);
    x = kind.blocks(net, x, path, { ...common, stage, size, depth, width, heads: own, hidden });
    if (stage === depths.length - 1) return;
    x = kind.reduce(net, joinNeighbours(net, x, path, size, width), `${path}.downsample`, width);
    size = halved(size);
    width *= 2;
  });
  const normed = net.layerNorm(x, `${root}.layernorm`, width, epsilon);
  const pooled = net.scale(net.emit.reduceSum(normed, [1]), 1 / (size[0] * size[1]), `${root}.pooler`);
  const classes = classesOf(config);
  return net.finish(net.head(pooled, 'classifier', width, classes), { name: root, classes, metadata: new Map() });
}

/** PyTorch's, whatever the config says. */
export const defaultEpsilon = 1e-5;
