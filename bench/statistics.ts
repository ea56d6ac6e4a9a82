export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** @throws RangeError for no values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('no values to take a median of');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { min: sorted[0]!, median, max: sorted.at(-1)! };
}

/** Largest deviation of any value from its reference, relative to that reference; tiny references count as a millionth of the largest. */
export function largestRelativeDifference(values: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (values.length !== reference.length) {
    throw new RangeError(`${values.length} values cannot be compared with ${reference.length}`);
  }
  const scale = Array.from(reference).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let worst = 0;
  for (let i = 0; i < reference.length; i++) {
    const difference = Math.abs(values[i]! - reference[i]!);
    if (difference === 0) continue;
    const relative = difference / Math.max(Math.abs(reference[i]!), 1e-6 * scale);
    // A NaN on either side is a difference that no tolerance covers.
    worst = Number.isNaN(relative) ? Infinity : Math.max(worst, relative);
  }
  return worst;
}
