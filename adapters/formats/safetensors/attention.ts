import type { Net } from './net.js';

export interface AttentionShape {
  readonly channels: number;
  /** Channels of the values, where these are others. */
  readonly values?: number;
  readonly heads: number;
  /** What becomes of q k^T instead of a division by sqrt(d). */
  readonly scale?: (products: string) => string;
  /** What becomes of the scores, [N, heads, tokens, keys], before the softmax. */
  readonly bias?: (scores: string) => string;
}

/**
 * softmax(q k^T / sqrt(d) + bias) v over [N, tokens, channels]; of the result, heads lie side by side. Queries need not be as
 * many as keys and values.
 */
export function attention(
  net: Net,
  [q, k, v]: readonly [string, string, string],
  path: string,
  shape: AttentionShape,
): string {
  const { channels, heads, values = channels, bias } = shape;
  const width = channels / heads;
  const { scale = (scores: string) => net.scale(scores, width ** -0.5, path) } = shape;
  const split = (x: string, of: number, perm: readonly number[]): string =>
    net.transpose(net.reshape(x, [0, -1, heads, of / heads], path), perm, path);
  const products = net.op(path, 'MatMul', [split(q, channels, [0, 2, 1, 3]), split(k, channels, [0, 2, 3, 1])]);
  const shares = net.op(path, 'Softmax', [bias ? bias(scale(products)) : scale(products)], { axis: -1 });
  const mixed = net.op(path, 'MatMul', [shares, split(v, values, [0, 2, 1, 3])]);
  return net.reshape(net.transpose(mixed, [0, 2, 1, 3], path), [0, -1, values], path);
}
