import type { Net } from './net.js';

export interface SqueezeExcite {
  readonly channels: number;
  readonly squeezed: number;
  /** Paths of the two 1x1 convolutions. */
  readonly reduce: string;
  readonly expand: string;
  /** Behind the first convolution and behind the second. */
  readonly acts: readonly [string, string];
}

/** x times a factor for each channel, computed from the channels' means: x * act2(expand(act1(reduce(mean(x))))). */
export function squeezeExcite(net: Net, x: string, path: string, layer: SqueezeExcite): string {
  const { channels, squeezed, reduce, expand, acts } = layer;
  const mean = net.op(path, 'GlobalAveragePool', [x]);
  const inner = net.conv(mean, reduce, { from: channels, to: squeezed, kernel: 1 });
  const factors = net.conv(net.activation(inner, path, acts[0]), expand, { from: squeezed, to: channels, kernel: 1 });
  return net.mul(x, net.activation(factors, path, acts[1]), path);
}
