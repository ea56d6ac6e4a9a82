import fc from 'fast-check';
import type { PlanRequest } from '../../../core/plan/plan.js';
import type { FeatureKey, Parity, SaliencyRuleName, Shard, ShardFeatures } from '../../../core/scan/features.js';

export const planRequests: fc.Arbitrary<PlanRequest> = fc.record({
  scanId: fc.constant('5ca7'),
  classes: fc.integer({ min: 1, max: 60 }),
  images: fc.integer({ min: 1, max: 60 }),
  tile: fc.record({ classes: fc.integer({ min: 1, max: 20 }), images: fc.integer({ min: 1, max: 20 }) }),
  workers: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  shards: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
});

export const keys: readonly FeatureKey[] = ['rectified.gain', 'guided.gain'];
export const rule: SaliencyRuleName = 'rectified';
export const mapSize = { height: 3, width: 5 };
/** Images that count for persistence. */
export const persistent = 10;

/** What a worker that computes `value(key, class, image)` and `bit(class, image, pixel)` answers for one shard. */
export function answer(shard: Shard, seed: number): ShardFeatures {
  const { classes, images } = shard;
  const width = images.end - images.start;
  const rows = classes.end - classes.start;
  return {
    shard,
    values: new Map(
      keys.map((key, k) => [
        key,
        Float32Array.from({ length: rows * width }, (_, i) =>
          value(seed + k, classes.start + Math.floor(i / width), images.start + (i % width)),
        ),
      ]),
    ),
    parity: new Map([[rule, parityOf(shard, seed)]]),
  };
}

function parityOf({ classes, images }: Shard, seed: number): Parity {
  const { height, width } = mapSize;
  const bytes = Math.ceil((height * width) / 8);
  const last = Math.min(images.end, persistent);
  const bits = new Uint8Array((classes.end - classes.start) * bytes);
  for (let c = classes.start; c < classes.end; c++) {
    for (let image = images.start; image < last; image++) {
      for (let pixel = 0; pixel < height * width; pixel++) {
        const byte = (c - classes.start) * bytes + (pixel >> 3);
        bits[byte]! ^= (value(seed + pixel, c, image) > 0.5 ? 1 : 0) << (pixel & 7);
      }
    }
  }
  return { images: Math.max(0, last - images.start), height, width, bits };
}

/** A fixed pseudo-random number in 0..1 of its arguments; about one in 64 is NaN, which must survive a merge too. */
export function value(seed: number, classIndex: number, image: number): number {
  let hash = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(classIndex + 1, 0x85ebca6b)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), Math.imul(image + 1, 0xc2b2ae35) | 1) >>> 0;
  hash = (hash ^ (hash >>> 13)) >>> 0;
  return hash % 64 === 0 ? Number.NaN : hash / 2 ** 32;
}
