/**
 * Turns a ratio to a threshold into a scale that is linear up to 1 and logarithmic above, where the ratio depends on how
 * small a MAD or a mask happened to be. Continuous, with a continuous slope.
 */
export function suspicion(ratio: number): number {
  return ratio <= 1 ? Math.max(0, ratio) : 1 + Math.log(ratio);
}

/**
 * One number from both stages of the cascade: above 1 when at least one of them fires, and larger when both do, because a
 * false alarm of one is rarely one of the other. It rises with the index and with the ease of inversion, without a jump.
 *
 * Ratios: the index over its threshold, and how many times smaller than the threshold allows the reconstructed trigger is,
 * `exp(threshold - energy)`, the energy being the logarithm of a number of pixels.
 */
export function cascadeScore(indexRatio: number, energy: number, energyThreshold: number): number {
  const gain = suspicion(indexRatio);
  const inversion = suspicion(Math.exp(energyThreshold - energy));
  return Math.max(gain, inversion) + Math.max(0, Math.min(gain, inversion) - 1);
}
