import { int64 } from '../../../../core/onnx/tensor.js';
import { bounds, classesOf, type Architecture, type Start } from '../architecture.js';
import { attention } from '../attention.js';
import { malformed, unsupported, type Config } from '../config.js';
import { convNorm } from '../conv-norm.js';
import type { Net } from '../net.js';

/** Transformers' LevitForImageClassification. Source: transformers/models/levit/modeling_levit.py */
export const levit: Architecture = (config, start) => {
  const { net, pooled, width } = encode(config, start);
  const classes = classesOf(config);
  const logits = classifier(net, pooled, 'classifier', width, classes);
  return net.finish(logits, { name: 'levit', classes, metadata: new Map() });
};

/** Transformers' LevitForImageClassificationWithTeacher: the mean of two classifiers. */
export const levitWithTeacher: Architecture = (config, start) => {
  const { net, pooled, width } = encode(config, start);
  const classes = classesOf(config);
  const [own, teachers] = ['classifier', 'classifier_distill'].map((path) =>
    classifier(net, pooled, path, width, classes),
  ) as [string, string];
  const logits = net.scale(net.add(own, teachers, 'classifier'), 0.5, 'classifier');
  return net.finish(logits, { name: 'levit', classes, metadata: new Map() });
};

function classifier(net: Net, x: string, path: string, width: number, classes: number): string {
  return net.head(net.batchNorm(x, `${path}.batch_norm`, width), `${path}.linear`, width, classes);
}

interface Encoded {
  readonly net: Net;
  /** [N, width] */
  readonly pooled: string;
  readonly width: number;
}

function encode(config: Config, start: Start): Encoded {
  const channels = config.int('num_channels', bounds.channels);
  const image = config.int('image_size', bounds.image);
  const kernel = config.int('kernel_size', { max: 63, fallback: 3 });
  const stride = config.int('stride', { max: 64, fallback: 2 });
  const padding = config.int('padding', { min: 0, max: 64, fallback: 1 });
  const patch = config.int('patch_size', { ...bounds.patch, fallback: 16 });
  const widths = config.ints('hidden_sizes', { ...bounds.width, fallback: [128, 256, 384] });
  const perStage = (key: string, max: number, fallback: readonly number[], min = 1): number[] =>
    config.ints(key, { min, max, fallback, length: widths.length });
  const heads = perStage('num_attention_heads', bounds.heads.max, [4, 8, 12]);
  const depths = perStage('depths', bounds.layers.max, [4, 4, 4]);
  const keys = perStage('key_dim', bounds.width.max, [16, 16, 16]);
  const expansions = perStage('mlp_ratio', 64, [2, 2, 2], 0);
  const ratios = perStage('attention_ratio', 64, [2, 2, 2]);
  if (widths.length !== 3 || widths[0]! % 8 !== 0) {
    throw malformed(config, 'hidden_sizes has to hold 3 numbers, the first a multiple of 8');
  }

  onlyPublishedSubsampling(config, widths, keys[0]!);

  const net = start([channels, image, image]);
  net.weights.ignore(/\.attention_bias_idxs$/);
  const biases = positionBiases(net, config);
  let x = 'pixel_values';
  let side = image;
  [8, 4, 2, 1].reduce((from, share, i) => {
    const to = widths[0]! / share;
    const path = `levit.patch_embeddings.embedding_layer_${i + 1}`;
    const shape = { from, to, kernel, stride, padding, act: i < 3 ? 'hardswish' : undefined };
    x = convNorm(net, x, [`${path}.convolution`, `${path}.batch_norm`], shape);
    side = Math.floor((side + 2 * padding - kernel) / stride) + 1;
    return to;
  }, channels);
  if (side !== Math.floor(image / patch)) {
    throw malformed(
      config,
      `the convolutions leave ${side} x ${side} tokens, the patch_size ${Math.floor(image / patch)}`,
    );
  }
  x = net.transpose(net.reshape(x, [-1, widths[0]!, side * side], 'levit'), [0, 2, 1], 'levit');

  widths.forEach((width, stage) => {
    const path = `levit.encoder.stages.${stage}.layers`;
    let next = 0;
    const residual = (write: (at: string) => string): void => {
      const at = `${path}.${next++}`;
      x = net.add(x, write(`${at}.module`), at);
    };
    const own = {
      from: width,
      to: width,
      key: keys[stage]!,
      heads: heads[stage]!,
      ratio: ratios[stage]!,
      side,
      step: 1,
    };
    const expand = (of: number, by: number): void => {
      if (by > 0) residual((at) => expansion(net, x, at, of, of * by));
    };
    for (let i = 0; i < depths[stage]!; i++) {
      residual((at) => mix(net, x, at, own, biases));
      expand(width, expansions[stage]!);
    }
    const to = widths[stage + 1];
    if (to === undefined) return;
    // As down_ops says.
    const between = { from: width, to, key: keys[0]!, heads: Math.floor(width / keys[0]!), ratio: 4, side, step: 2 };
    x = mix(net, x, `${path}.${next++}`, between, biases);
    side = halved(side);
    expand(to, 2);
  });
  const pooled = net.scale(net.emit.reduceSum(x, [1]), 1 / (side * side), 'levit');
  return { net, pooled, width: widths.at(-1)! };
}

/** Transformers writes down_ops itself, as a function of the others, and an empty one for the end. */
function onlyPublishedSubsampling(config: Config, widths: readonly number[], key: number): void {
  const given = config.raw('down_ops');
  if (given === undefined) return;
  const expected = widths.slice(0, 2).map((width) => ['Subsample', key, Math.floor(width / key), 4, 2, 2]);
  const between = Array.isArray(given) ? given.slice(0, 2) : given;
  if (JSON.stringify(between) !== JSON.stringify(expected)) {
    throw unsupported(`${config.title}: down_ops other than ${JSON.stringify(expected)} is not supported`);
  }
}

interface Mixing {
  readonly from: number;
  readonly to: number;
  /** Channels of a key, by head. */
  readonly key: number;
  readonly heads: number;
  /** Of the channels of a value to those of a key. */
  readonly ratio: number;
  /** Of the image, in tokens. */
  readonly side: number;
  /** Queries are every so many tokens, down and right. */
  readonly step: number;
}

/** Attention with a bias for each offset. */
function mix(net: Net, x: string, path: string, mixing: Mixing, biases: PositionBiases): string {
  const { from, to, key, heads, ratio, side, step } = mixing;
  const value = ratio * key;
  const parts = step === 1 ? [key, key, value] : [key, value];
  const width = parts.reduce((sum, part) => sum + part, 0);
  const joint = linearNorm(
    net,
    x,
    `${path}.${step === 1 ? 'queries_keys_values' : 'keys_values'}`,
    from,
    width * heads,
  );
  const byHead = net.reshape(joint, [0, -1, heads, width], path);
  const cut = (start: number, size: number): string =>
    net.reshape(net.slice(byHead, 3, start, start + size, path), [0, -1, heads * size], path);
  const q =
    step === 1
      ? cut(0, key)
      : linearNorm(net, every(net, x, path, from, side, step), `${path}.queries`, from, key * heads);
  const qkv = [q, cut(width - value - key, key), cut(width - value, value)] as const;
  const bias = biases(`${path}.attention_biases`, heads, side, step);
  const shape = { channels: key * heads, values: value * heads, heads };
  const mixed = attention(net, qkv, path, { ...shape, bias: (scores) => net.add(scores, bias, path) });
  return linearNorm(net, net.activation(mixed, path, 'hardswish'), `${path}.projection`, value * heads, to);
}

function expansion(net: Net, x: string, path: string, width: number, hidden: number): string {
  const inner = net.activation(linearNorm(net, x, `${path}.linear_up`, width, hidden), path, 'hardswish');
  return linearNorm(net, inner, `${path}.linear_down`, hidden, width);
}

/** A layer without bias and a batch norm for [N, tokens, channels]. */
function linearNorm(net: Net, x: string, path: string, from: number, to: number): string {
  const y = net.transpose(net.linear(x, `${path}.linear`, from, to, false), [0, 2, 1], path);
  return net.transpose(net.batchNorm(y, `${path}.batch_norm`, to), [0, 2, 1], path);
}

/** Every so many tokens of [N, side side, width], down and right. */
function every(net: Net, x: string, path: string, width: number, side: number, step: number): string {
  const image = net.reshape(x, [-1, side, side, width], path);
  net.emit.scope(path);
  const some = net.emit.slice(image, [0, 0], [side, side], [1, 2], [step, step]);
  return net.reshape(some, [-1, halved(side) ** 2, width], path);
}

type PositionBiases = (parameter: string, heads: number, side: number, step: number) => string;

/** Of a parameter [heads, offsets], the entries for each query and key: [heads, queries, keys]. */
function positionBiases(net: Net, config: Config): PositionBiases {
  const indices = new Map<string, string>();
  return (parameter, heads, side, step) => {
    const id = `${side}/${step}`;
    let index = indices.get(id);
    if (index === undefined) {
      if (side > maxSide)
        throw malformed(config, `an image has ${side} x ${side} patches (limit ${maxSide} x ${maxSide})`);
      const rows = step === 1 ? side : halved(side);
      const data = offsets(rows, side, step);
      net.emit.scope('levit');
      index = net.emit.constant(int64([rows * rows, side * side], data), 'attention_bias_idxs');
      indices.set(id, index);
    }
    return net.op(parameter, 'Gather', [net.weights.take(parameter, [heads, side * side]), index], { axis: 1 });
  };
}

/** Their pairs are listed; published models have 14. */
const maxSide = 64;

/** Which entry is that of a query and a key, by how far they lie apart down and right. */
function offsets(rows: number, side: number, step: number): Int32Array {
  const keys = side * side;
  return Int32Array.from({ length: rows * rows * keys }, (_, i) => {
    const [query, key] = [Math.floor(i / keys), i % keys];
    const down = Math.abs(step * Math.floor(query / rows) - Math.floor(key / side));
    return down * side + Math.abs(step * (query % rows) - (key % side));
  });
}

function halved(side: number): number {
  return Math.ceil(side / 2);
}
