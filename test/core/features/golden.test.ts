import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNpz } from '../../../adapters/images/npz.js';
import { heatmap } from '../../../core/features/heatmap.js';
import { persistent } from '../../../core/features/persistent.js';
import { smooth } from '../../../core/features/smooth.js';
import { sparse } from '../../../core/features/sparse.js';
import { saliencyRuleNames } from '../../../core/scan/features.js';
import { hasShared, sharedDir } from '../../support/paths.js';

/** Maps and features that PyTorch and numpy computed in float64 from the gradients beside them. */
for (const model of ['digits-p3', 'fashion-p4']) {
  test(`features of ${model} agree with the golden file`, { skip: !hasShared && 'no shared data' }, () => {
    const arrays = readNpz(readFileSync(join(sharedDir, 'zoo', 'golden', `${model}.golden.npz`)), (names) =>
      names.filter((name) => name.startsWith('f64_')),
    );
    const dataOf = (name: string) => arrays.get(name)!.data;
    for (const rule of saliencyRuleNames) {
      const gradients = arrays.get(`f64_${rule}_grad`)!;
      const [images, classes, channels, height, width] = gradients.dims as [number, number, number, number, number];
      const size = channels * height * width;
      const maps = Array.from({ length: images * classes }, (_, row) =>
        heatmap(gradients.data.subarray(row * size, (row + 1) * size), { channels, height, width }),
      );
      const golden = dataOf(`f64_${rule}_heat`);
      maps.forEach((map, row) => {
        const where = `${rule}, row ${row}`;
        const expected = golden.subarray(row * map.length, (row + 1) * map.length);
        assert.ok(
          map.every((value, pixel) => Math.abs(value - expected[pixel]!) < 1e-12),
          `${where}: map`,
        );
        close(sparse(map), dataOf(`f64_${rule}_sparse`)[row]!, `${where}: sparse`);
        close(smooth(map, height, width), dataOf(`f64_${rule}_smooth_zero`)[row]!, `${where}: smooth`);
      });
      for (let index = 0; index < classes; index++) {
        const own = Array.from({ length: images }, (_, image) => maps[image * classes + index]!);
        assert.equal(persistent(own, 0.5), dataOf(`f64_${rule}_persistent_xor_T05`)[index], `${rule}, class ${index}`);
      }
    }
  });
}

function close(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.abs(expected), `${what}: ${actual} is not ${expected}`);
}
