import type { Net } from '../net.js';

/** Query, key and value of [N, tokens, width] by one layer, `path`.qkv. */
export function jointProjection(
  net: Net,
  x: string,
  path: string,
  width: number,
  bias = true,
): readonly [string, string, string] {
  const all = net.linear(x, `${path}.qkv`, width, 3 * width, bias);
  const part = (i: number): string => net.slice(all, 2, i * width, (i + 1) * width, path);
  return [part(0), part(1), part(2)];
}
