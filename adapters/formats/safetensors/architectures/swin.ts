import { float32 } from '../../../../core/onnx/tensor.js';
import { ScanError } from '../../../../core/scan/errors.js';
import { bounds, classesOf, type Architecture } from '../architecture.js';
import { attention } from '../attention.js';
import type { Config } from '../config.js';
import type { Net } from '../net.js';

/** Transformers' SwinForImageClassification. Source: transformers/models/swin/modeling_swin.py */
export const swin: Architecture = (config, start) => {
  const channels = config.int('num_channels', bounds.channels);
  const [height, width] = config.pair('image_size', bounds.image);
  const patch = config.pair('patch_size', { ...bounds.patch, fallback: 4 });
  const first = config.int('embed_dim', { ...bounds.width, fallback: 96 });
  const depths = config.ints('depths', { ...bounds.layers, fallback: [2, 2, 6, 2] });
  const heads = config.ints('num_heads', { ...bounds.heads, fallback: [3, 6, 12, 24], length: depths.length });
  const settings: Settings = {
    window: config.int('window_size', { max: 32, fallback: 7 }),
    ratio: config.float('mlp_ratio', 4),
    epsilon: config.float('layer_norm_eps', 1e-5),
    act: config.string('hidden_act', 'gelu'),
    qkvBias: config.flag('qkv_bias', true),
    allowance: allowanceOf(config),
  };
  if (depths.length < 1 || depths.length > 16) throw malformed(config, 'depths has to hold 1 to 16 numbers');

  const net = start([channels, height, width]);
  const at = 'swin.embeddings';
  const missing = [height, width].map((size, i) => (patch[i]! - (size % patch[i]!)) % patch[i]!);
  const image = net.conv('pixel_values', `${at}.patch_embeddings.projection`, {
    from: channels,
    to: first,
    kernel: patch,
    stride: patch,
    padding: [0, 0, missing[0]!, missing[1]!],
  });
  let size: Size = [(height + missing[0]!) / patch[0], (width + missing[1]!) / patch[1]];
  let x = net.layerNorm(pixelsLast(net, image, size, first, at), `${at}.norm`, first, embeddingEpsilon);
  if (config.flag('use_absolute_embeddings', false)) {
    x = net.add(x, net.weights.take(`${at}.position_embeddings`, [1, size[0] * size[1], first]), at);
  }
  net.weights.ignore(/^swin\.embeddings\.mask_token$|\.relative_position_index$/);

  let dim = first;
  depths.forEach((depth, stage) => {
    const path = `swin.encoder.layers.${stage}`;
    if (Math.min(...size) < settings.window) {
      throw malformed(config, `stage ${stage} has ${size.join(' x ')} tokens, less than the window_size`);
    }
    if (dim % heads[stage]! !== 0) throw malformed(config, `${dim} channels are no multiple of ${heads[stage]} heads`);
    const mask = Math.min(...size) > settings.window && depth > 1 ? shiftMask(net, size, settings, path) : undefined;
    for (let i = 0; i < depth; i++) {
      const shifted = i % 2 === 1 ? mask : undefined;
      x = block(net, x, `${path}.blocks.${i}`, { size, dim, heads: heads[stage]!, mask: shifted }, settings);
    }
    if (stage === depths.length - 1) return;
    x = merge(net, x, `${path}.downsample`, size, dim);
    size = [Math.ceil(size[0] / 2), Math.ceil(size[1] / 2)];
    dim *= 2;
  });
  const normed = net.layerNorm(x, 'swin.layernorm', dim, settings.epsilon);
  const sum = net.emit.reduceSum(normed, [1]);
  const pooled = net.scale(sum, 1 / (size[0] * size[1]), 'swin.pooler');
  const classes = classesOf(config);
  const logits = net.head(pooled, 'classifier', dim, classes);
  return net.finish(logits, { name: 'swin', classes, metadata: new Map() });
};

type Size = readonly [height: number, width: number];

interface Settings {
  readonly window: number;
  readonly ratio: number;
  readonly epsilon: number;
  readonly act: string;
  readonly qkvBias: boolean;
  /** Takes from what may be computed while importing. */
  readonly allowance: (count: number) => void;
}

interface Block {
  readonly size: Size;
  readonly dim: number;
  readonly heads: number;
  /** Set for windows shifted by half: [1, windows, 1, tokens, tokens]. */
  readonly mask: string | undefined;
}

/** PyTorch's default, whatever the config says. */
const embeddingEpsilon = 1e-5;

function block(net: Net, x: string, path: string, { size, dim, heads, mask }: Block, settings: Settings): string {
  const { window, epsilon } = settings;
  const [height, width] = size;
  const padded = paddedTo(size, window);
  const before = net.layerNorm(x, `${path}.layernorm_before`, dim, epsilon);
  let image = net.reshape(before, [-1, height, width, dim], path);
  image = net.emit.pad(image, [0, 0, 0, 0], [0, padded[0] - height, padded[1] - width, 0]);
  const shift = mask === undefined ? 0 : Math.floor(window / 2);
  const tokens = window * window;
  const windows = partition(net, roll(net, image, padded, shift, path), padded, window, dim, path);
  const self = `${path}.attention.self`;
  const [q, k, v] = ['query', 'key', 'value'].map((part) =>
    net.linear(windows, `${self}.${part}`, dim, dim, settings.qkvBias),
  ) as [string, string, string];
  const bias = positionBias(net, self, heads, settings);
  const count = (padded[0] / window) * (padded[1] / window);
  const mixed = attention(net, [q, k, v], self, {
    tokens,
    channels: dim,
    heads,
    bias: (scores) => {
      const placed = net.add(scores, bias, self);
      if (mask === undefined) return placed;
      const byImage = net.reshape(placed, [-1, count, heads, tokens, tokens], self);
      return net.reshape(net.add(byImage, mask, self), [-1, heads, tokens, tokens], self);
    },
  });
  const attended = net.linear(mixed, `${path}.attention.output.dense`, dim, dim);
  image = roll(net, unite(net, attended, padded, window, dim, path), padded, -shift, path);
  if (padded[0] > height) image = net.slice(image, 1, 0, height, path);
  if (padded[1] > width) image = net.slice(image, 2, 0, width, path);
  const sum = net.add(x, net.reshape(image, [-1, height * width, dim], path), path);

  const hidden = Math.trunc(settings.ratio * dim);
  const after = net.layerNorm(sum, `${path}.layernorm_after`, dim, epsilon);
  const inner = net.linear(after, `${path}.intermediate.dense`, dim, hidden);
  const active = net.activation(inner, `${path}.intermediate`, settings.act);
  return net.add(net.linear(active, `${path}.output.dense`, hidden, dim), sum, path);
}

/** Four neighbours become one token, in the order of rows first. */
function merge(net: Net, x: string, path: string, [height, width]: Size, dim: number): string {
  const [rows, columns] = [Math.ceil(height / 2), Math.ceil(width / 2)];
  const image = net.reshape(x, [-1, height, width, dim], path);
  const even = net.emit.pad(image, [0, 0, 0, 0], [0, 2 * rows - height, 2 * columns - width, 0]);
  const split = net.reshape(even, [-1, rows, 2, columns, 2, dim], path);
  const tokens = net.reshape(net.transpose(split, [0, 1, 3, 4, 2, 5], path), [-1, rows * columns, 4 * dim], path);
  const normed = net.layerNorm(tokens, `${path}.norm`, 4 * dim, embeddingEpsilon);
  return net.linear(normed, `${path}.reduction`, 4 * dim, 2 * dim, false);
}

/** [N, C, h, w] to [N, h w, C]. */
function pixelsLast(net: Net, x: string, [height, width]: Size, dim: number, path: string): string {
  return net.transpose(net.reshape(x, [-1, dim, height * width], path), [0, 2, 1], path);
}

/** [N, h, w, C] to [N windows, tokens, C]. */
function partition(net: Net, x: string, [height, width]: Size, window: number, dim: number, path: string): string {
  const split = net.reshape(x, [-1, height / window, window, width / window, window, dim], path);
  return net.reshape(net.transpose(split, [0, 1, 3, 2, 4, 5], path), [-1, window * window, dim], path);
}

function unite(net: Net, x: string, [height, width]: Size, window: number, dim: number, path: string): string {
  const split = net.reshape(x, [-1, height / window, width / window, window, window, dim], path);
  return net.reshape(net.transpose(split, [0, 1, 3, 2, 4, 5], path), [-1, height, width, dim], path);
}

/** What lies at `shift` comes first, in both directions. */
function roll(net: Net, x: string, size: Size, shift: number, path: string): string {
  if (shift === 0) return x;
  return [1, 2].reduce((rolled, axis) => {
    const length = size[axis - 1]!;
    const cut = (shift + length) % length;
    const [head, tail] = [net.slice(rolled, axis, 0, cut, path), net.slice(rolled, axis, cut, length, path)];
    return net.concat([tail, head], axis, path);
  }, x);
}

/** Of the table, the entry for the offset between two tokens of a window: [1, heads, tokens, tokens]. */
function positionBias(net: Net, path: string, heads: number, { window, allowance }: Settings): string {
  const span = 2 * window - 1;
  const tokens = window * window;
  const table = net.weights.values(`${path}.relative_position_bias_table`, [span * span, heads]);
  allowance(heads * tokens * tokens);
  const bias = new Float32Array(heads * tokens * tokens);
  for (let a = 0; a < tokens; a++) {
    for (let b = 0; b < tokens; b++) {
      const down = Math.floor(a / window) - Math.floor(b / window) + window - 1;
      const right = (a % window) - (b % window) + window - 1;
      for (let h = 0; h < heads; h++) bias[(h * tokens + a) * tokens + b] = table[(down * span + right) * heads + h]!;
    }
  }
  net.emit.scope(path);
  return net.emit.constant(float32([1, heads, tokens, tokens], bias), 'position_bias');
}

/** -100 between tokens of a shifted window that are not neighbours in the image, else 0. */
function shiftMask(net: Net, size: Size, { window, allowance }: Settings, path: string): string {
  const [height, width] = paddedTo(size, window);
  const shift = Math.floor(window / 2);
  const tokens = window * window;
  const [rows, columns] = [height / window, width / window];
  allowance(rows * columns * tokens * tokens);
  const region = (at: number, length: number): number => Number(at >= length - window) + Number(at >= length - shift);
  const mask = new Float32Array(rows * columns * tokens * tokens);
  let next = 0;
  for (let i = 0; i < rows * columns; i++) {
    const [top, left] = [Math.floor(i / columns) * window, (i % columns) * window];
    const regions = Array.from(
      { length: tokens },
      (_, t) => 3 * region(top + Math.floor(t / window), height) + region(left + (t % window), width),
    );
    for (const a of regions) for (const b of regions) mask[next++] = a === b ? 0 : -100;
  }
  net.emit.scope(path);
  return net.emit.constant(float32([1, rows * columns, 1, tokens, tokens], mask), 'shift_mask');
}

function paddedTo([height, width]: Size, window: number): Size {
  return [Math.ceil(height / window) * window, Math.ceil(width / window) * window];
}

/** Biases and masks are larger than what the file holds for them; the largest published model needs 2^24 numbers. */
function allowanceOf(config: Config): (count: number) => void {
  let left = 2 ** 26;
  return (count) => {
    left -= count;
    if (left < 0) throw malformed(config, 'the windows take more than 67,108,864 position biases and masks');
  };
}

function malformed(config: Config, what: string): ScanError {
  return new ScanError('model-malformed', `${config.title}: ${what}`);
}
