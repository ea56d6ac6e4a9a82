import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { createTfjsEngine } from '../../adapters/engines/tfjs/index.js';
import { identifyModel, readModel } from '../../adapters/formats/index.js';
import { sha256 } from '../../adapters/hash/sha256.js';
import { loadImages } from '../../adapters/images/load.js';
import { openModel } from '../../core/execute/open-model.js';
import type { Engine } from '../../core/ports/engine.js';
import type { Explanation, Runner } from '../../core/ports/runner.js';
import { saliencyRuleNames } from '../../core/scan/features.js';
import type { ImageSet } from '../../core/scan/images.js';
import { cascade1 } from '../../core/scan/profiles.js';
import type { ScanResult } from '../../core/scan/result.js';
import { scanModel } from '../../core/scan/scan-model.js';
import { clock } from '../../services/cli/wiring.js';
import { repoRoot } from '../support/paths.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { zipOf } from '../support/zip.js';

/**
 * One backdoored network in every format people push: the format and the engine change nothing that is said about it. A user
 * who gets another verdict for the Keras file than for its ONNX export cannot trust either.
 */
const fixtures = join(repoRoot, 'test', 'fixtures', 'backdoored-formats');
const limits = { maxModelBytes: 2 ** 28, maxRunBytes: 2 ** 28 };
const target = 5;

/** [name of the format, path in the fixtures] */
const files = [
  ['onnx', 'digits.onnx'],
  ['keras', 'digits.keras'],
  ['keras', 'digits.h5'],
  ['saved-model', 'saved-model'],
  ['tfjs-layers', 'tfjs-layers'],
  ['tfjs-graph', 'tfjs-graph'],
] as const;

/** Read by the same code whichever engine runs them. */
const archives = [
  ['saved-model', 'saved-model', 'zip'],
  ['saved-model', 'saved-model', 'tar.gz'],
  ['tfjs-layers', 'tfjs-layers', 'zip'],
  ['tfjs-graph', 'tfjs-graph', 'tar.gz'],
] as const;

const engines: readonly Engine[] = [
  createOnnxruntimeEngine({ provider: 'cpu' }),
  createTfjsEngine({ provider: 'wasm' }),
];

interface Outcome {
  readonly result: ScanResult;
  readonly explained: readonly Explanation[];
}

let reference: Outcome;
let images: ImageSet;

before(async () => {
  images = await loadImages(join(repoRoot, 'examples', 'images'), { count: 20 });
  reference = await outcomeOf(engines[0]!, join(fixtures, 'digits.onnx'));
});

test('the reference, ONNX on onnxruntime, is called backdoored with the class its trigger leads to', () => {
  const { verdict, targetClasses, images: used } = reference.result;
  assert.deepEqual([verdict, targetClasses], ['backdoored', [target]]);
  assert.ok(used.accuracy! >= 0.9, `accuracy ${used.accuracy}`);
});

for (const engine of engines) {
  describe(engine.info.name, () => {
    for (const [format, name] of files) {
      test(`${name}: verdict, class, features and heat maps of the ONNX file`, async () => {
        await checkSame(engine, join(fixtures, name), format);
      });
    }
  });
}

for (const [format, name, archive] of archives) {
  test(`${name} as .${archive}: verdict, class, features and heat maps of the ONNX file`, async () => {
    await checkSame(engines[0]!, await packed(name, archive), format);
  });
}

async function checkSame(engine: Engine, path: string, format: string): Promise<void> {
  const { result, explained } = await outcomeOf(engine, path);
  assert.equal(result.reason, undefined);
  assert.equal(result.engine?.name, engine.info.name);
  assert.equal(result.model.format, format);
  const said = ({ verdict, targetClasses, findings }: ScanResult): unknown => ({
    verdict,
    targetClasses,
    findings: findings.map(({ rule, classIndex }) => [rule, classIndex]),
  });
  assert.deepEqual(said(result), said(reference.result));
  assert.equal(result.images.accuracy, reference.result.images.accuracy);
  assert.equal(result.classes.length, reference.result.classes.length);
  result.classes.forEach(({ features }, index) => {
    const expected = reference.result.classes[index]!.features;
    assert.deepEqual(Object.keys(features), Object.keys(expected));
    for (const key of Object.keys(features)) close([features[key]!], [expected[key]!], `${key} of class ${index}`);
  });
  explained.forEach((found, i) => {
    const [rule, expected] = [saliencyRuleNames[i]!, reference.explained[i]!];
    close(found.logits.data, expected.logits.data, `${rule}: logits`);
    close(found.heatmaps.data, expected.heatmaps.data, `${rule}: heat maps`);
  });
}

async function outcomeOf(engine: Engine, path: string): Promise<Outcome> {
  const explained: Explanation[] = [];
  const runner: Runner = {
    open: async (job) => openModel(engine, (await readModel(job.path, job.limits)).graph, job),
    close: () => Promise.resolve(),
  };
  const request = { path, images, preprocessing: {}, profile: cascade1, selection: {}, limits };
  const result = await scanModel({ runner, sha256, clock, identify: identifyModel }, request);
  const model = await runner.open(request);
  try {
    for (const rule of saliencyRuleNames) explained.push(await model.explain({ rule, classes: [0, target, 9] }));
  } finally {
    await model.close();
  }
  return { result, explained };
}

/** The folder as an archive. */
async function packed(name: string, kind: 'zip' | 'tar.gz'): Promise<string> {
  const path = join(temporaryFolder('formats').path, `model.${kind}`);
  const entries = readdirSync(join(fixtures, name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => ({ name: relative(fixtures, file), content: readFileSync(file) }));
  if (kind === 'zip') {
    writeFileSync(path, zipOf(...entries));
    return path;
  }
  const tar = pack();
  for (const entry of entries) tar.entry({ name: entry.name }, entry.content);
  tar.finalize();
  writeFileSync(path, gzipSync(await buffer(tar)));
  return path;
}

/** Within 1e-3 of the largest number. */
function close(found: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(found.length, expected.length, what);
  const size = Math.max(1e-30, ...Array.from(expected, Math.abs));
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    assert.ok(difference <= 1e-3 * size, `${what}: ${found[i]} instead of ${expected[i]} at ${i}`);
  }
}
