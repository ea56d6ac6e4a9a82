import { convNorm, type ConvNorm } from './conv-norm.js';
import type { Net } from './net.js';
import { roundHalfEven } from './rounding.js';
import { squeezeExcite } from './squeeze-excite.js';

export interface RegnetBlock {
  readonly from: number;
  readonly to: number;
  readonly stride: number;
  readonly groups: number;
  readonly act: string;
}

/** Paths of the parts of a block: a convolution and the norm behind it. */
export interface RegnetNames {
  readonly path: string;
  readonly convolutions: readonly [ConvNorm, ConvNorm, ConvNorm];
  readonly shortcut: ConvNorm;
  /** Of squeeze and excitation, which a RegNetX has not. */
  readonly squeeze?: { readonly path: string; readonly reduce: string; readonly expand: string };
}

/** A bottleneck without a bottleneck: 1x1, 3x3 in groups, squeeze and excitation, 1x1, and the shortcut. */
export function regnetBlock(net: Net, x: string, names: RegnetNames, block: RegnetBlock): string {
  const { path, convolutions, shortcut, squeeze } = names;
  const { from, to, stride, groups, act } = block;
  const [first, second, third] = convolutions;
  let y = convNorm(net, x, first, { from, to, kernel: 1, stride: 1, act });
  y = convNorm(net, y, second, { from: to, to, kernel: 3, stride, groups, act });
  if (squeeze) {
    const { path: at, ...paths } = squeeze;
    const shape = { channels: to, squeezed: roundHalfEven(from / 4), acts: ['relu', 'sigmoid'] } as const;
    y = squeezeExcite(net, y, at, { ...shape, ...paths });
  }
  y = convNorm(net, y, third, { from: to, to, kernel: 1, stride: 1 });
  const short = from === to && stride === 1 ? x : convNorm(net, x, shortcut, { from, to, kernel: 1, stride });
  return net.activation(net.add(y, short, path), path, act);
}
