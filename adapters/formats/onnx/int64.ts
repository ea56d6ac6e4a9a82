/** A 64-bit integer as protobufjs hands it over: a Long, or a number where it fits. */
export type Int64 = number | { readonly low: number; readonly high: number; toNumber(): number };

/** Exact up to 2^53, rounded beyond. */
export function toNumber(value: Int64 | null | undefined): number {
  if (value === null || value === undefined) return 0;
  return typeof value === 'number' ? value : value.toNumber();
}

/** The nearest int64: attributes read as numbers may stand for the largest one, which rounds up to 2^63. */
export function toInt64(value: number): bigint {
  const whole = BigInt(Math.trunc(value));
  if (whole > maxInt64) return maxInt64;
  return whole < minInt64 ? minInt64 : whole;
}

const maxInt64 = 2n ** 63n - 1n;
const minInt64 = -(2n ** 63n);
