import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeShards } from '../../../core/plan/merge.js';
import { planShards, type PlanRequest } from '../../../core/plan/plan.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { ScanFeatures, Shard, ShardFeatures } from '../../../core/scan/features.js';
import { answer, keys, mapSize, persistent, planRequests, rule } from './arbitraries.js';

test('any plan, order and number of duplicates gives the same bits as one shard', () => {
  fc.assert(
    fc.property(planRequests, fc.integer(), fc.infiniteStream(fc.nat()), (request, seed, dice) => {
      const whole = featuresOf(planShards({ ...request, shards: 1 }), seed);
      const plan = planShards(request);
      const results = plan.map((shard) => answer(shard, seed));
      const delivered = shuffled([...results, ...results.filter(() => (dice.next().value ?? 0) % 3 === 0)], () =>
        Number(dice.next().value),
      );
      assert.deepEqual(bitsOf(complete(plan, delivered)), bitsOf(whole));
    }),
  );
});

test('the merged parity is over the images that count for persistence', () => {
  const plan = planShards({ scanId: 's', classes: 7, images: 33, tile: { classes: 2, images: 4 }, shards: 20 });
  assert.equal(featuresOf(plan, 1).parity.get(rule)?.images, persistent);
});

test('shards past the images that count for persistence may leave the parity out', () => {
  const plan = planShards({ scanId: 's', classes: 7, images: 33, tile: { classes: 2, images: 4 }, shards: 20 });
  const results = plan.map((shard) => answer(shard, 1));
  const sparse = results.map((result) =>
    result.shard.images.start >= persistent ? { ...result, parity: new Map<never, never>() } : result,
  );
  assert.deepEqual(bitsOf(complete(plan, sparse)), bitsOf(complete(plan, results)));
});

test('unequal duplicates give one outcome whoever came first', () => {
  const plan = planShards({ scanId: 's', classes: 4, images: 4, tile: { classes: 2, images: 2 }, shards: 4 });
  const first = plan.map((shard) => answer(shard, 1));
  const second = plan.map((shard) => answer(shard, 2));
  assert.deepEqual(bitsOf(complete(plan, [...first, ...second])), bitsOf(complete(plan, [...second, ...first])));
});

test('an incomplete set names the missing shards', () => {
  fc.assert(
    fc.property(planRequests, fc.nat(), (request, pick) => {
      const plan = planShards(request);
      const lost = plan[pick % plan.length]!;
      const merge = mergeShards(
        plan,
        plan.filter((shard) => shard !== lost).map((shard) => answer(shard, 1)),
      );
      assert.deepEqual(merge, { complete: false, missing: [lost] });
    }),
  );
});

const request: PlanRequest = { scanId: 's', classes: 6, images: 8, tile: { classes: 3, images: 4 }, shards: 4 };
const damages: readonly { name: string; damage: (result: ShardFeatures) => ShardFeatures; says: RegExp }[] = [
  {
    name: 'of another scan',
    damage: (result) => ({ ...result, shard: { ...result.shard, id: 'other/0-3x0-4' } }),
    says: /not in the plan/,
  },
  {
    name: 'with other ranges under a planned id',
    damage: (result) => ({ ...result, shard: { ...result.shard, images: { start: 0, end: 8 } } }),
    says: /its images are 0-8/,
  },
  {
    name: 'with a value too few',
    damage: (result) => ({ ...result, values: new Map([[keys[0]!, new Float32Array(11)]]) }),
    says: /11 values, not/,
  },
  { name: 'with no values', damage: (result) => ({ ...result, values: new Map() }), says: /it has \[/ },
  {
    name: 'with a parity map cut short',
    damage: (result) => ({
      ...result,
      parity: new Map([[rule, { ...mapSize, images: 1, bits: new Uint8Array(1) }]]),
    }),
    says: /parity has 1 bytes/,
  },
  {
    name: 'with maps of another size',
    damage: (result) => ({
      ...result,
      parity: new Map([[rule, { images: 4, height: 1, width: 8, bits: new Uint8Array(3) }]]),
    }),
    says: /1 x 8, others 3 x 5|3 x 5, others 1 x 8/,
  },
  {
    name: 'with more maps than images',
    damage: (result) => ({ ...result, parity: new Map([[rule, { ...result.parity.get(rule)!, images: 99 }]]) }),
    says: /over 99 maps/,
  },
  {
    name: 'with a map too few',
    damage: (result) => ({ ...result, parity: new Map([[rule, { ...result.parity.get(rule)!, images: 1 }]]) }),
    says: /parity of class \d+ is over/,
  },
];

for (const { name, damage, says } of damages) {
  test(`a result ${name} is refused`, () => {
    const plan = planShards(request);
    const results = plan.map((shard, i) => (i === 1 ? damage(answer(shard, 1)) : answer(shard, 1)));
    assert.throws(
      () => mergeShards(plan, results),
      (error) => error instanceof ScanError && error.code === 'internal' && says.test(error.message),
    );
  });
}

function featuresOf(plan: readonly Shard[], seed: number): ScanFeatures {
  return complete(
    plan,
    plan.map((shard) => answer(shard, seed)),
  );
}

function complete(plan: readonly Shard[], results: readonly ShardFeatures[]): ScanFeatures {
  const merge = mergeShards(plan, results);
  assert.ok(merge.complete);
  return merge.features;
}

/** Floats as their bits, so that NaN equals NaN and 0 differs from -0. */
function bitsOf(features: ScanFeatures): unknown {
  return {
    classes: features.classes,
    images: features.images,
    values: [...features.values].map(([key, { buffer }]) => [key, new Uint32Array(buffer)]),
    parity: [...features.parity],
  };
}

function shuffled<T>(items: readonly T[], dice: () => number): T[] {
  const left = [...items];
  return items.map(() => left.splice(dice() % left.length, 1)[0]!);
}
