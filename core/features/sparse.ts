/** L1 of a saliency map in 0..1 (paper, "Sparseness"): small when few pixels are highlighted. */
export function sparse(map: ArrayLike<number>): number {
  let sum = 0;
  for (let pixel = 0; pixel < map.length; pixel++) sum += Math.abs(map[pixel]!);
  return sum;
}
