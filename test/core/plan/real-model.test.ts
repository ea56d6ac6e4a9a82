import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../../adapters/formats/index.js';
import { loadImages } from '../../../adapters/images/load.js';
import { detect } from '../../../core/detect/detect.js';
import { openModel } from '../../../core/execute/open-model.js';
import { mergeShards } from '../../../core/plan/merge.js';
import { planShards } from '../../../core/plan/plan.js';
import type { OpenModel } from '../../../core/ports/runner.js';
import type { ScanFeatures, Shard, ShardFeatures } from '../../../core/scan/features.js';
import type { Profile } from '../../../core/scan/profile.js';
import { cascade1, paper2019 } from '../../../core/scan/profiles.js';
import { hasShared, sharedDir } from '../../support/paths.js';

const images = 12;
const profiles: readonly Profile[] = [cascade1, { ...paper2019, persistence: { images: 10, threshold: 0.5 } }];

for (const profile of profiles) {
  describe(
    `sharding a real model, profile ${profile.name}`,
    { skip: hasShared ? false : 'needs the shared models' },
    () => {
      let model: OpenModel;
      let whole: ScanFeatures;
      const answers = new Map<string, ShardFeatures>();
      const answer = async (shard: Shard): Promise<ShardFeatures> => {
        const known = answers.get(shard.id) ?? (await model.runShard(shard));
        answers.set(shard.id, known);
        return known;
      };

      before(async () => {
        const path = join(sharedDir, 'zoo/models/digits-p3.onnx');
        // Little memory makes small tiles, so that there are many ways to plan.
        const limits = { maxModelBytes: 1e9, maxRunBytes: 4.5e6 };
        const set = await loadImages(join(sharedDir, 'zoo/images/digits'), { count: images });
        const { graph } = await readModel(path);
        model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
          path,
          images: set,
          preprocessing: {},
          profile,
          selection: {},
          limits,
        });
        whole = await merged(plan(1));
      });
      after(() => model.close());

      test('there are enough tiles for the test to mean something', () => {
        assert.ok(plan(50).length >= 6, `${plan(50).length} shards at most`);
      });

      test('any number of shards in any order with duplicates gives the bits of one shard, and so the same indices', async () => {
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 1, max: 50 }), fc.infiniteStream(fc.nat()), async (shards, dice) => {
            const features = await merged(plan(shards), () => Number(dice.next().value));
            assert.deepEqual(bitsOf(features), bitsOf(whole));
            assert.deepEqual(detectionOf(features), detectionOf(whole));
          }),
          { numRuns: 20 },
        );
      });

      function plan(shards: number): Shard[] {
        const { classes, tile } = model.inspection;
        return planShards({ scanId: 'real', classes, images, tile, shards });
      }

      async function merged(shards: readonly Shard[], dice: () => number = () => 0): Promise<ScanFeatures> {
        const pending = [...shards, ...shards.filter(() => dice() % 3 === 0)];
        const results: ShardFeatures[] = [];
        while (pending.length > 0) results.push(await answer(pending.splice(dice() % pending.length, 1)[0]!));
        const merge = mergeShards(shards, results);
        assert.ok(merge.complete);
        return merge.features;
      }

      function detectionOf(features: ScanFeatures) {
        const labels = model.inspection.predictions;
        const { classes, detectors, score, pValue, candidates } = detect(profile, features, {
          ...model.inspection,
          labels,
        });
        return { classes, detectors, score, pValue, candidates };
      }
    },
  );
}

function bitsOf({ values, parity }: ScanFeatures): unknown {
  return { values: [...values].map(([key, { buffer }]) => [key, new Uint32Array(buffer)]), parity: [...parity] };
}
