import { ScanError } from '../scan/errors.js';

/** Makes the MAD of a normal distribution its standard deviation: 1 / Phi^-1(3/4). */
const madToDeviation = 1.4826;

export interface LeftTail {
  /** `(median - f) / (1.4826 MAD)` below the median, 0 elsewhere; one per value. */
  readonly indices: readonly number[];
  readonly median: number;
  readonly mad: number;
}

/**
 * Anomaly index of each value on the left tail (paper, "Outlier detection"; Leys et al. 2013).
 *
 * With MAD = 0, which means that more than half of the values agree to the last bit, the index has no scale: every index
 * is 0 and the caller sees it by `mad`. A tiny substitute scale would make any difference an outlier.
 *
 * @throws ScanError `internal` for no values, NaN or infinity: they are decided before.
 */
export function leftTailIndices(values: readonly number[]): LeftTail {
  const finite = Float64Array.from(values);
  if (finite.length === 0 || !finite.every(Number.isFinite)) {
    throw new ScanError('internal', `outlier detection needs finite values, got [${values.join(', ')}]`);
  }
  const middle = median(finite);
  const mad = median(finite.map((value) => Math.abs(value - middle)));
  const indices = values.map((value) => (value < middle && mad > 0 ? (middle - value) / (madToDeviation * mad) : 0));
  return { indices, median: middle, mad };
}

/** Mean of the two middle values for an even count. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
