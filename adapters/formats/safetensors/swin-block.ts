import { attention } from './attention.js';
import type { Net } from './net.js';
import { inWindows, offsetCount, type Placement, type WindowBiases } from './windows.js';

/** Paths of the parts of a block. */
export interface SwinNames {
  readonly path: string;
  readonly before: string;
  /** Where the table of position biases lies. */
  readonly attention: string;
  /** Query, key and value of windows. */
  readonly project: (windows: string) => readonly [string, string, string];
  readonly output: string;
  readonly after: string;
  readonly inner: string;
  readonly outer: string;
}

export interface SwinBlock {
  readonly biases: WindowBiases;
  readonly width: number;
  readonly heads: number;
  /** Of the layer behind the attention. */
  readonly hidden: number;
  readonly epsilon: number;
  readonly act: string;
  /** Whether images are padded to whole windows after they are moved. */
  readonly late: boolean;
}

/** Attention in windows and a layer of its own for each token, each behind a norm and added to its input. */
export function swinBlock(net: Net, x: string, names: SwinNames, placement: Placement, block: SwinBlock): string {
  const { biases, width, heads, hidden, epsilon, act, late } = block;
  const { path, attention: at } = names;
  const { windows } = placement;
  const { window } = windows;
  const table = net.weights.take(`${at}.relative_position_bias_table`, [offsetCount(window), heads]);
  const bias = biases.pairs(table, window, heads, at);
  const shape = {
    channels: width,
    heads,
    bias: (scores: string) => biases.add(scores, bias, placement, heads, at),
  };
  const attend = (own: string): string =>
    net.linear(attention(net, names.project(own), at, shape), names.output, width, width);
  const before = net.layerNorm(x, names.before, width, epsilon);
  const sum = net.add(x, inWindows(net, before, path, width, windows, attend, late), path);

  const after = net.layerNorm(sum, names.after, width, epsilon);
  const active = net.activation(net.linear(after, names.inner, width, hidden), names.inner, act);
  return net.add(net.linear(active, names.outer, hidden, width), sum, path);
}
