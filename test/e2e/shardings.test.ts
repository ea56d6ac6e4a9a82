import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../adapters/formats/index.js';
import { loadImages } from '../../adapters/images/load.js';
import { detect } from '../../core/detect/detect.js';
import { openModel } from '../../core/execute/open-model.js';
import { mergeShards } from '../../core/plan/merge.js';
import { planShards } from '../../core/plan/plan.js';
import type { ScanFeatures, ShardFeatures } from '../../core/scan/features.js';
import { profiles } from '../../core/scan/profiles.js';
import { repoRoot } from '../support/paths.js';

/** One real model, any number of shards in any order with duplicates: not one bit of the features or the indices changes. */
for (const profile of profiles) {
  test(`${profile.name}: 1 shard or 50, in any order, twice over, gives the same bits`, async () => {
    const images = await loadImages(join(repoRoot, 'examples', 'images'), { count: 20 });
    const { graph } = await readModel(join(repoRoot, 'examples', 'models', 'digits-backdoored-lower-right.onnx'));
    const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
      path: 'digits-backdoored-lower-right.onnx',
      images,
      preprocessing: {},
      profile,
      selection: {},
      // Little memory: several tiles along both axes.
      limits: { maxModelBytes: 2 ** 30, maxRunBytes: 3.5 * 2 ** 20 },
    });
    after(() => model.close());
    const { classes, tile, predictions } = model.inspection;
    assert.ok(
      tile.classes < classes && tile.images < images.count,
      `one tile is the whole scan: ${JSON.stringify(tile)}`,
    );

    const computed = new Map<string, Promise<ShardFeatures>>();
    const scan = async (shards: number, order: (plan: ShardFeatures[]) => ShardFeatures[]): Promise<ScanFeatures> => {
      const plan = planShards({ scanId: 'x', classes, images: images.count, tile, shards });
      const results = await Promise.all(
        plan.map((shard) => {
          if (!computed.has(shard.id)) computed.set(shard.id, model.runShard(shard));
          return computed.get(shard.id)!;
        }),
      );
      const merged = mergeShards(plan, order(results));
      assert.ok(merged.complete);
      return merged.features;
    };
    const judged = (features: ScanFeatures) =>
      detect(profile, features, { labels: images.labels, predictions, channels: 1 });

    const whole = await scan(1, (results) => results);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.infiniteStream(fc.nat()), async (shards, picks) => {
        const features = await scan(shards, (results) => shuffledWithDuplicates(results, picks));
        assert.deepEqual(features, whole);
        assert.deepEqual(judged(features), judged(whole));
      }),
      { numRuns: 25 },
    );
  });
}

function shuffledWithDuplicates<T>(items: readonly T[], picks: Iterator<number>): T[] {
  const next = (below: number): number => (picks.next().value as number) % below;
  const pile = [...items, ...items.filter(() => next(2) === 0)];
  return pile
    .map((item) => ({ item, key: next(1_000_003) }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
