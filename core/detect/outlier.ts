import type { DetectorScores } from './detector.js';
import { argmax } from './detector.js';
import { leftTailIndices } from './mad.js';

/** Outlier detection needs a majority of ordinary classes. */
export const fewestClasses = 5;

/** Left-tail outliers of one feature; smallest values are the suspicious ones. */
export function smallOutliers(key: string, values: readonly number[]): DetectorScores {
  const { indices, mad } = leftTailIndices(values);
  return withProblem({ [key]: values }, indices, mad === 0 ? noSpread(key, values) : undefined);
}

/**
 * Outliers of an un-normalised gain on a logarithmic scale: a factor counts the same at any size of the network's logits.
 *
 * A gain of exactly 0 has no logarithm. Such a class does not react to the input at all (a dead or constant logit), so it
 * is no candidate: it gets index 0 and does not take part in median and MAD, where it would move both.
 */
export function gainOutliers(key: string, gains: readonly number[], suspicious: 'large' | 'small'): DetectorScores {
  const features = { [key]: gains };
  const none = gains.map(() => 0);
  const live = gains.flatMap((gain, index) => (gain > 0 ? [index] : []));
  if (live.length < Math.max(fewestClasses, gains.length / 2)) {
    const message = `${gains.length - live.length} of ${gains.length} classes have a ${key} of exactly 0: their outputs do not react to the images`;
    return withProblem(features, none, { code: 'constant-features', message });
  }
  const sign = suspicious === 'large' ? -1 : 1;
  const logs = live.map((index) => sign * Math.log(gains[index]!));
  const { indices, mad } = leftTailIndices(logs);
  const all = [...none];
  live.forEach((index, position) => (all[index] = indices[position]!));
  return withProblem(features, all, mad === 0 ? noSpread(key, gains) : undefined);
}

function withProblem(
  features: DetectorScores['features'],
  indices: readonly number[],
  problem: DetectorScores['problem'],
): DetectorScores {
  const classIndex = argmax(indices);
  return { features, indices, classIndex, value: indices[classIndex]!, problem };
}

function noSpread(key: string, values: readonly number[]): NonNullable<DetectorScores['problem']> {
  return values.every((value) => value === values[0])
    ? { code: 'constant-features', message: `${key} is the same for all ${values.length} classes` }
    : { code: 'zero-deviation', message: `${key} is the same for more than half of the ${values.length} classes` };
}
