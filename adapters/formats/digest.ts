import { sha256 } from '../hash/sha256.js';

/**
 * `sha256:<hex>` of one file; of several: over the lines `<sha256>  <relative path>\n`, sorted bytewise, which is what
 * `sha256sum FILES | LC_ALL=C sort | sha256sum` gives.
 */
export function modelDigest(files: ReadonlyMap<string, Uint8Array>): string {
  return digestOfSums([...files].map(([path, bytes]) => ({ path, sum: sha256(bytes) })));
}

/** The same from the sha256 of each file. */
export function digestOfSums(sums: readonly { readonly path: string; readonly sum: string }[]): string {
  if (sums.length === 1) return `sha256:${sums[0]!.sum}`;
  const lines = sums.map(({ path, sum }) => Buffer.from(`${sum}  ${path}\n`)).sort((a, b) => Buffer.compare(a, b));
  return `sha256:${sha256(Buffer.concat(lines))}`;
}
