import type { Net } from './net.js';

export interface AttentionShape {
  readonly tokens: number;
  readonly channels: number;
  readonly heads: number;
  /** What becomes of the scores, [N, heads, tokens, tokens], before the softmax. */
  readonly bias?: (scores: string) => string;
}

/** softmax(q k^T / sqrt(d) + bias) v over [N, tokens, channels]; the result has the same shape, heads side by side. */
export function attention(
  net: Net,
  [q, k, v]: readonly [string, string, string],
  path: string,
  shape: AttentionShape,
): string {
  const { tokens, channels, heads, bias } = shape;
  const width = channels / heads;
  const split = (x: string, perm: readonly number[]): string =>
    net.transpose(net.reshape(x, [-1, tokens, heads, width], path), perm, path);
  const product = net.op(path, 'MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
  const scaled = net.scale(product, width ** -0.5, path);
  const scores = bias ? bias(scaled) : scaled;
  const shares = net.op(path, 'Softmax', [scores], { axis: -1 });
  const mixed = net.op(path, 'MatMul', [shares, split(v, [0, 2, 1, 3])]);
  return net.reshape(net.transpose(mixed, [0, 2, 1, 3], path), [-1, tokens, channels], path);
}
