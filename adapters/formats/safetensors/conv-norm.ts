import type { ConvShape, Net } from './net.js';

/** Paths of a convolution and of the batch norm behind it. */
export type ConvNorm = readonly [conv: string, norm: string];

export interface ConvNormShape extends Omit<ConvShape, 'kernel' | 'bias'> {
  readonly kernel: number;
  readonly epsilon?: number;
  readonly act?: string | undefined;
}

/**
 * A convolution without bias, its norm and, where one is named, an activation. Without `padding` half of the kernel on all sides.
 * @param at names the nodes of the activation.
 */
export function convNorm(
  net: Net,
  x: string,
  [conv, norm]: ConvNorm,
  { act, epsilon, ...shape }: ConvNormShape,
  at = norm,
): string {
  const padding = Math.floor(shape.kernel / 2) * (shape.dilation ?? 1);
  const y = net.batchNorm(net.conv(x, conv, { padding, ...shape, bias: false }), norm, shape.to, epsilon);
  return act === undefined ? y : net.activation(y, at, act);
}

/** By the names that Transformers gives the two. */
export function convolutionNorm(net: Net, x: string, path: string, shape: ConvNormShape): string {
  return convNorm(net, x, [`${path}.convolution`, `${path}.normalization`], shape, path);
}
