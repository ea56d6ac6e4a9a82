/**
 * Turns the ratio of an index to its threshold into a scale that is linear up to 1 and logarithmic above, where the ratio
 * depends on how small a MAD happened to be. Continuous, with a continuous slope.
 */
export function suspicion(ratio: number): number {
  return ratio <= 1 ? Math.max(0, ratio) : 1 + Math.log(ratio);
}

/**
 * One number from both stages of the cascade, between 0 and 2: each stage gives a value between 0 and 1 that is 0.5 at its
 * threshold, and the two are added. A false alarm of one stage is rarely one of the other, so a model that both find
 * somewhat suspicious ranks above one that a single stage finds very suspicious. Nothing in it was fitted.
 *
 * @param indexRatio outlier index of the candidate class over its threshold.
 * @param energy of the reconstructed trigger: the logarithm of a number of pixels, so its scale is that of a logit.
 */
export function cascadeScore(indexRatio: number, energy: number, energyThreshold: number): number {
  return indexRatio / (indexRatio + 1) + 1 / (1 + Math.exp(energy - energyThreshold));
}
