import type { Graph } from '../../../../core/onnx/graph.js';
import { int64 } from '../../../../core/onnx/tensor.js';
import { bounds, classesOf, type Architecture, type Start } from '../architecture.js';
import { malformed, type Config } from '../config.js';
import type { Net } from '../net.js';
import {
  embed,
  meanOfPatches,
  onlySquare,
  selfAttention,
  token,
  transformerSizes,
  type TransformerSizes,
} from './transformer.js';

/** Transformers' BeitForImageClassification. Source: transformers/models/beit/modeling_beit.py */
export const beit: Architecture = (config, start) => build(config, start, 'beit');

/** Transformers' Data2VecVisionForImageClassification: the same network, trained otherwise. */
export const data2VecVision: Architecture = (config, start) => build(config, start, 'data2vec_vision');

function build(config: Config, start: Start, root: string): Graph {
  const sizes = transformerSizes(config);
  const { channels, width, heads, layers, epsilon, act, image } = sizes;
  const hidden = config.int('intermediate_size', { ...bounds.width, fallback: 3072 });
  const positions = config.flag('use_absolute_position_embeddings', false);
  const own = config.flag('use_relative_position_bias', false);
  const shared = config.flag('use_shared_relative_position_bias', false);
  const scaled = config.float('layer_scale_init_value', 0.1) > 0;
  const mean = config.flag('use_mean_pooling', true);
  onlySquare(config, sizes);

  const net = start([channels, ...image]);
  let x = embed(net, `${root}.embeddings`, sizes, ['cls_token'], positions);
  net.weights.ignore(/\.relative_position_index$/);
  const indices = own || shared ? positionIndices(net, config, sizes) : '';
  const common = shared ? positionBias(net, `${root}.encoder`, heads, sizes, indices) : undefined;
  for (let i = 0; i < layers; i++) {
    const path = `${root}.encoder.layer.${i}`;
    const at = `${path}.attention.attention`;
    const biases = [...(own ? [positionBias(net, at, heads, sizes, indices)] : []), ...(common ? [common] : [])];
    const before = net.layerNorm(x, `${path}.layernorm_before`, width, epsilon);
    const attended = selfAttention(net, before, `${path}.attention`, sizes, {
      biases: [true, false, true],
      bias: (scores) => biases.reduce((sum, bias) => net.add(sum, bias, at), scores),
    });
    x = net.add(scale(net, attended, `${path}.lambda_1`, width, scaled), x, path);
    const after = net.layerNorm(x, `${path}.layernorm_after`, width, epsilon);
    const inner = net.linear(after, `${path}.intermediate.dense`, width, hidden);
    const active = net.activation(inner, `${path}.intermediate`, act);
    const dense = net.linear(active, `${path}.output.dense`, hidden, width);
    x = net.add(scale(net, dense, `${path}.lambda_2`, width, scaled), x, path);
  }
  const pooled = mean
    ? net.layerNorm(meanOfPatches(net, x, sizes, `${root}.pooler`), `${root}.pooler.layernorm`, width, epsilon)
    : token(net, net.layerNorm(x, `${root}.layernorm`, width, epsilon), 0, width, 'classifier');
  const classes = classesOf(config);
  const logits = net.head(pooled, 'classifier', width, classes);
  return net.finish(logits, { name: root, classes, metadata: new Map() });
}

function scale(net: Net, x: string, parameter: string, width: number, scaled: boolean): string {
  return scaled ? net.mul(x, net.weights.take(parameter, [width]), parameter) : x;
}

/** Of the table, the entry for each pair of tokens: [heads, tokens, tokens]. */
function positionBias(net: Net, path: string, heads: number, { grid }: TransformerSizes, indices: string): string {
  const at = `${path}.relative_position_bias`;
  const table = net.weights.take(`${at}.relative_position_bias_table`, [distances(grid) + 3, heads]);
  return net.transpose(net.op(at, 'Gather', [table, indices], { axis: 0 }), [2, 0, 1], at);
}

/**
 * Which entry of a table is that of two tokens, [tokens, tokens]: by their offset in the image; the last three are for the
 * first token with another, another with the first, and the first with itself.
 */
function positionIndices(net: Net, config: Config, { grid }: TransformerSizes): string {
  const [rows, columns] = grid;
  const tokens = rows * columns + 1;
  if (tokens > maxTokens) {
    throw malformed(config, `an image has ${tokens} patches (limit ${maxTokens})`);
  }
  const last = distances(grid);
  const index = (a: number, b: number): number => (a === 0 || b === 0 ? last + edge(a, b) : offset(a - 1, b - 1, grid));
  const data = Int32Array.from({ length: tokens * tokens }, (_, i) => index(Math.floor(i / tokens), i % tokens));
  net.emit.scope('beit');
  return net.emit.constant(int64([tokens, tokens], data), 'relative_position_index');
}

/** Of two patches of a grid. */
function offset(a: number, b: number, [rows, columns]: readonly [number, number]): number {
  const down = Math.floor(a / columns) - Math.floor(b / columns) + rows - 1;
  return down * (2 * columns - 1) + (a % columns) - (b % columns) + columns - 1;
}

function edge(a: number, b: number): number {
  return a !== 0 ? 1 : b !== 0 ? 0 : 2;
}

function distances([rows, columns]: readonly [number, number]): number {
  return (2 * rows - 1) * (2 * columns - 1);
}

/** Their pairs are listed; the largest published model has 1025. */
const maxTokens = 4096;
