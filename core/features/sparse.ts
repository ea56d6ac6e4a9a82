/** L1 of a saliency map in 0..1 (paper, "Sparseness"): small when few pixels are highlighted. */
export function sparse(map: Iterable<number>): number {
  let sum = 0;
  for (const value of map) sum += Math.abs(value);
  return sum;
}
