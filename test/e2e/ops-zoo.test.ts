import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../adapters/formats/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { openModel } from '../../core/execute/open-model.js';
import type { SaliencyRuleName } from '../../core/scan/features.js';
import { cascade1 } from '../../core/scan/profiles.js';
import { hasShared, repoRoot, sharedDir } from '../support/paths.js';

/**
 * Every model of the operator zoo, exported by two PyTorch exporters in opsets 9 to 20, against float64 PyTorch gradients:
 * at least 99.9 % of the pixels within 1e-4 of the map's maximum.
 */
interface Manifest {
  readonly entries: readonly {
    readonly name: string;
    readonly golden: string;
    readonly rules: readonly SaliencyRuleName[];
    readonly files: readonly { readonly file: string }[];
  }[];
}

const zoo = join(sharedDir, 'ops-zoo');
const skip = hasShared ? false : 'the shared model zoo is not beside this checkout';
const manifest: Manifest = hasShared
  ? (JSON.parse(readFileSync(join(zoo, 'manifest.json'), 'utf8')) as Manifest)
  : { entries: [] };

test('the operator zoo is there', { skip }, () => {
  assert.ok(manifest.entries.length > 0);
});

for (const { golden, rules, files } of manifest.entries) {
  for (const { file } of files) {
    test(`${file} agrees with PyTorch for ${rules.join(', ')}`, { skip }, async () => {
      const arrays = readNpz(readFileSync(goldenOf(file, golden)));
      const numbers = (key: string): number[] =>
        Array.from(arrays.get(key)!.data as ArrayLike<number | bigint>, Number);
      const x = arrays.get('x_uint8') && file.includes('uint8') ? arrays.get('x_uint8')! : arrays.get('x')!;
      const classes = numbers('classes');
      const { graph } = await readModel(join(zoo, file));
      const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), graph, {
        path: file,
        images: {
          kind: 'raw',
          digest: 'sha256:0',
          count: x.dims[0]!,
          labels: [],
          dims: x.dims,
          data: Float32Array.from(x.data as ArrayLike<number>),
        },
        preprocessing: {},
        profile: cascade1,
        selection: {},
        limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 30 },
      });
      for (const rule of rules) {
        const { gradients, logits } = await model.explain({ rule, classes });
        const expected = numbers(`grad_${rule}`);
        assert.deepEqual(gradients.dims, arrays.get(`grad_${rule}`)!.dims);
        assertClose(logits.data, numbers('logits64'), logits.data.length, 0, `${rule} logits`);
        assertClose(gradients.data, expected, expected.length / (x.dims[0]! * classes.length), 1e-3, rule);
      }
      await model.close();
    });
  }
}

/** docs/decisions/0006: the zoo's own values of the float16 models are not those of the files. */
function goldenOf(file: string, golden: string): string {
  return file.includes('fp16') ? join(repoRoot, 'test', 'goldens', 'float16', 'resnet10-fp16.npz') : join(zoo, golden);
}

/** Per map of `size` values: at most `share` of all pixels may differ by more than 1e-4 of the map's largest magnitude. */
function assertClose(
  actual: Float32Array,
  expected: readonly number[],
  size: number,
  share: number,
  what: string,
): void {
  assert.equal(actual.length, expected.length);
  let wrong = 0;
  let worst = 0;
  for (let start = 0; start < expected.length; start += size) {
    const map = expected.slice(start, start + size);
    const largest = map.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
    map.forEach((value, i) => {
      const difference = Math.abs(actual[start + i]! - value) / largest;
      worst = Math.max(worst, difference);
      if (!(difference <= 1e-4)) wrong++;
    });
  }
  assert.ok(
    wrong <= share * expected.length,
    `${what}: ${wrong} of ${expected.length} values differ, the worst by ${worst} of the maximum`,
  );
}
