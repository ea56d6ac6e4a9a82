import type { Profile } from '../scan/profile.js';

/**
 * Number of pixels set in the XOR of thresholded maps (paper, "Persistence"): small when the same pixels are highlighted
 * whatever the image. XOR of k maps is their parity, so k has to be even: identical maps then give 0.
 */
export function persistent(maps: readonly ArrayLike<number>[], threshold: number): number {
  const [first] = maps;
  if (first === undefined || maps.length % 2 !== 0) {
    throw new RangeError(`persistence needs an even number of maps, not ${maps.length}`);
  }
  const parity = new Uint8Array(Math.ceil(first.length / 8));
  for (const map of maps) xorInto(parity, thresholdBits(map, threshold));
  return popcount(parity);
}

/** The first k images take part, k even: XOR over an odd number of equal maps is the map itself. */
export function persistenceImages({ persistence }: Pick<Profile, 'persistence'>, images: number): number {
  const most = Math.min(persistence.images, images);
  return most - (most % 2);
}

/** One bit per pixel, set where the map is above the threshold; pixel i is bit i % 8 of byte i / 8. */
export function thresholdBits(map: ArrayLike<number>, threshold: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(map.length / 8));
  for (let pixel = 0; pixel < map.length; pixel++) {
    if (map[pixel]! > threshold) bits[pixel >> 3]! |= 1 << (pixel & 7);
  }
  return bits;
}

export function xorInto(target: Uint8Array, bits: Uint8Array): void {
  for (let byte = 0; byte < target.length; byte++) target[byte]! ^= bits[byte]!;
}

export function popcount(bits: Uint8Array): number {
  let count = 0;
  for (const byte of bits) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
