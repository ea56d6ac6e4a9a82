import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { createTfjsEngine } from '../../adapters/engines/tfjs/index.js';
import { readModel } from '../../adapters/formats/index.js';
import { readNpz } from '../../adapters/images/npz.js';
import { openModel } from '../../core/execute/open-model.js';
import type { Engine } from '../../core/ports/engine.js';
import type { Explanation } from '../../core/ports/runner.js';
import { saliencyRuleNames } from '../../core/scan/features.js';
import type { ImageSet } from '../../core/scan/images.js';
import { cascade1 } from '../../core/scan/profiles.js';
import { hasShared, sharedDir } from '../support/paths.js';

/**
 * The same saliency programs on two engines that share no code. A wrong kernel of either shows. Single pixels may differ: a
 * gate or a pooling window whose inputs are all but equal switches with the last bit.
 *
 * NEURONINSPECT_TEST_ALL_MODELS=1 takes every model instead of a few.
 */
const skip = hasShared ? false : 'the shared model zoo is not beside this checkout';
const all = process.env.NEURONINSPECT_TEST_ALL_MODELS === '1';
const opsZoo = join(sharedDir, 'ops-zoo');
const zoo = join(sharedDir, 'zoo');

interface Case {
  readonly file: string;
  readonly images: ImageSet;
  readonly classes: readonly number[];
}

const some =
  /resnet10-norm255.*dynamo|vit-mini.*20|efficientnet-mini.*18|resnext|resnet10-fp16.*17|signs-p8-ur|digits-p3\./;

const cases = hasShared ? [...opsCases(), ...zooCases()].filter(({ file }) => all || some.test(file)) : [];

test('there are models to compare', { skip }, () => {
  assert.ok(cases.length >= 6);
});

for (const { file, images, classes } of cases) {
  test(`${file.slice(sharedDir.length + 1)}: onnxruntime and tfjs compute the same maps`, { skip }, async () => {
    const theirs = await explanations(createOnnxruntimeEngine({ provider: 'cpu' }), file, images, classes);
    const wasm = differing(await explanations(createTfjsEngine({ provider: 'wasm' }), file, images, classes), theirs);
    if (wasm.maps.length === 0) return;
    // A ReLU whose input is all but 0 switches with the last bit and changes every map of its image. Such an image is no
    // near tie for the kernels in plain JavaScript, and few images have one.
    assert.ok(wasm.maps.length <= wasm.of / 4, wasm.maps.join('\n'));
    const plain = differing(await explanations(createTfjsEngine({ provider: 'cpu' }), file, images, classes), theirs);
    assert.deepEqual(plain.maps, []);
  });
}

interface Comparison {
  /** The maps that differ, with by how much. */
  readonly maps: readonly string[];
  readonly of: number;
}

/** Logits must agree; of a map at most one value in a thousand may differ by more than 1e-4 of its largest magnitude. */
function differing(ours: readonly Explanation[], theirs: readonly Explanation[]): Comparison {
  const maps: string[] = [];
  let of = 0;
  ours.forEach((own, i) => {
    const other = theirs[i]!;
    assert.deepEqual(own.gradients.dims, other.gradients.dims);
    const logits = difference(own.logits.data, other.logits.data);
    assert.equal(logits.share, 0, `logits differ by ${logits.worst} of the maximum`);
    const [images, classes] = own.gradients.dims as [number, number];
    const size = own.gradients.data.length / (images * classes);
    for (let map = 0; map < images * classes; map++, of++) {
      const [a, b] = [own, other].map(({ gradients }) => gradients.data.subarray(map * size, (map + 1) * size));
      const { share, worst } = difference(a!, b!);
      if (share > 1e-3) maps.push(`${saliencyRuleNames[i]}, map ${map}: ${share} of it differs, by up to ${worst}`);
    }
  });
  return { maps, of };
}

async function explanations(
  engine: Engine,
  file: string,
  images: ImageSet,
  classes: readonly number[],
): Promise<Explanation[]> {
  const { graph } = await readModel(file);
  const model = await openModel(engine, graph, {
    path: file,
    images,
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 28 },
  });
  const results: Explanation[] = [];
  for (const rule of saliencyRuleNames) results.push(await model.explain({ rule, classes }));
  await model.close();
  return results;
}

/** How many values differ by more than 1e-4 of the largest magnitude, and the largest difference in units of it. */
function difference(actual: Float32Array, expected: Float32Array): { share: number; worst: number } {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  let [wrong, worst] = [0, 0];
  expected.forEach((value, i) => {
    const own = Math.abs(actual[i]! - value) / largest;
    worst = Math.max(worst, own);
    if (!(own <= 1e-4)) wrong++;
  });
  return { share: wrong / expected.length, worst };
}

function opsCases(): Case[] {
  const { entries } = JSON.parse(readFileSync(join(opsZoo, 'manifest.json'), 'utf8')) as {
    entries: { golden: string; files: { file: string }[] }[];
  };
  return entries.flatMap(({ golden, files }) => {
    const arrays = readNpz(readFileSync(join(opsZoo, golden)));
    const classes = Array.from(arrays.get('classes')!.data as ArrayLike<number | bigint>, Number);
    return files.map(({ file }) => {
      const x = arrays.get('x_uint8') && file.includes('uint8') ? arrays.get('x_uint8')! : arrays.get('x')!;
      return { file: join(opsZoo, file), classes, images: raw(x.dims, x.data) };
    });
  });
}

/** Two images of noise; what the maps show does not matter here. */
function zooCases(): Case[] {
  return readdirSync(join(zoo, 'models')).map((name) => {
    const dims = name.startsWith('signs') ? [2, 3, 32, 32] : [2, 1, 28, 28];
    const size = dims.reduce((product, dim) => product * dim, 1);
    const values = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1009) / 1009);
    return { file: join(zoo, 'models', name), classes: [0, 7], images: raw(dims, values) };
  });
}

function raw(dims: readonly number[], values: ArrayLike<number>): ImageSet {
  return { kind: 'raw', digest: 'sha256:0', count: dims[0]!, labels: [], dims, data: Float32Array.from(values) };
}
