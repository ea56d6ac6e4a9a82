import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../adapters/formats/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { openModel } from '../../core/execute/open-model.js';
import { mergeShards } from '../../core/plan/merge.js';
import { planShards } from '../../core/plan/plan.js';
import { saliencyRuleNames } from '../../core/scan/features.js';
import { paper2019 } from '../../core/scan/profiles.js';
import { hasShared, sharedDir } from '../support/paths.js';

/** The paper's features of trained models, computed by the compiled program, against PyTorch in float64. */
const skip = hasShared ? false : 'the shared model zoo is not beside this checkout';

for (const [model, golden] of [
  ['digits-p3.onnx', 'digits-p3.golden.npz'],
  ['digits-p3_softmax.onnx', 'digits-p3.golden.npz'],
  ['fashion-p4_softmax.onnx', 'fashion-p4.golden.npz'],
] as const) {
  for (const rule of saliencyRuleNames) {
    test(`${model}, ${rule}: gradients, maps and the paper's three features agree with PyTorch`, { skip }, async () => {
      const arrays = readNpz(readFileSync(join(sharedDir, 'zoo', 'golden', golden)), (names) =>
        names.filter((name) => name !== 'model'),
      );
      const numbers = (key: string): number[] =>
        Array.from(arrays.get(key)!.data as ArrayLike<number | bigint>, Number);
      const pixels = arrays.get('images_u8')!;
      const count = pixels.dims[0]!;
      const { graph } = await readModel(join(sharedDir, 'zoo', 'models', model));
      const opened = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
        path: model,
        images: {
          kind: 'raw',
          digest: 'sha256:0',
          count,
          labels: numbers('labels'),
          dims: pixels.dims,
          data: Float32Array.from(pixels.data as Uint8Array, (value) => value / 255),
        },
        preprocessing: {},
        profile: { ...paper2019, saliency: [{ rule, features: ['sparse', 'smooth', 'persistent'] }] },
        selection: {},
        limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 30 },
      });
      const { classes, tile } = opened.inspection;
      const every = Array.from({ length: classes }, (_, index) => index);
      const { gradients, heatmaps } = await opened.explain({ rule, classes: every });
      assertClose(gradients.data, numbers(`f64_${rule}_grad`), 1e-5);
      assertClose(heatmaps.data, numbers(`f64_${rule}_heat`), 1e-4);

      const plan = planShards({ scanId: 'golden', classes, images: count, tile, shards: 3 });
      const merged = mergeShards(plan, await Promise.all(plan.map((shard) => opened.runShard(shard))));
      assert.ok(merged.complete);
      const { values, parity } = merged.features;
      const byImage = (key: string): number[] => {
        const expected = numbers(key);
        return every.flatMap((c) => Array.from({ length: count }, (_, n) => expected[n * classes + c]!));
      };
      assertClose(values.get(`${rule}.sparse`)!, byImage(`f64_${rule}_sparse`), 1e-5);
      assertClose(values.get(`${rule}.smooth`)!, byImage(`f64_${rule}_smooth_zero`), 1e-5);
      const { bits } = parity.get(rule)!;
      const bytes = bits.length / classes;
      const persistent = every.map((c) =>
        bits.subarray(c * bytes, (c + 1) * bytes).reduce((total, byte) => total + ones(byte), 0),
      );
      assert.deepEqual(persistent, numbers(`f64_${rule}_persistent_xor_T05`));
      await opened.close();
    });
  }
}

function ones(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}

function assertClose(actual: Float32Array, expected: readonly number[], tolerance: number): void {
  assert.equal(actual.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expected.forEach((value, i) => {
    assert.ok(
      Math.abs(actual[i]! - value) <= tolerance * largest,
      `value ${i}: ${actual[i]}, expected ${value}, of at most ${largest}`,
    );
  });
}
