import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../../../adapters/formats/index.js';
import { openModel } from '../../../../core/execute/open-model.js';
import { cascade1 } from '../../../../core/scan/profiles.js';
import { assertWithin } from '../../../support/model-golden.js';

const dims = [1, 224, 224, 3];
/** Classes whose difference of logits is differentiated, which a final Softmax does not hide. */
const [first, second] = [0, 3];

/** The parts of `@tensorflow/tfjs` that are used; the package is optional, so its types are too. */
interface Tfjs {
  setBackend(name: string): Promise<boolean>;
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  grad(f: (x: TfTensor) => TfTensor): (x: TfTensor) => TfTensor;
  loadLayersModel(handler: unknown): Promise<TfModel>;
  loadGraphModel(handler: unknown): Promise<TfModel>;
}
interface TfTensor {
  data(): Promise<Float32Array>;
  log(): TfTensor;
  sub(other: TfTensor): TfTensor;
  sum(): TfTensor;
  slice(begin: readonly number[], size: readonly number[]): TfTensor;
}
interface TfModel {
  predict(x: TfTensor): TfTensor;
}

for (const [name, format] of [
  ['mobilenet_v2', 'tfjs-layers'],
  ['mobilenet_v2_mid', 'tfjs-graph'],
] as const) {
  test(`${name} as nsfwjs publishes it says and looks at what TensorFlow.js does with it`, async () => {
    const folder = join(published(), name);
    const x = Float32Array.from(
      { length: 224 * 224 * 3 },
      (_, i) => 0.5 + 0.5 * Math.sin(i * 0.37) * Math.cos(i / 911),
    );

    const file = await readModel(folder, { maxModelBytes: 2 ** 30 });
    assert.equal(file.format, format);
    const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), file.graph, {
      path: folder,
      images: { kind: 'raw', digest: 'sha256:0', count: 1, labels: [], dims, data: x },
      preprocessing: {},
      profile: cascade1,
      selection: {},
      limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 30 },
    });
    const ours = await model.explain({ rule: 'vanilla', classes: [first, second] });
    await model.close();

    const tf = createRequire(import.meta.url)('@tensorflow/tfjs') as Tfjs;
    await tf.setBackend('cpu');
    const theirs = await loaded(tf, folder, format);
    const image = tf.tensor(x, dims);
    const probabilities = await theirs.predict(image).data();
    assertWithin(softmax(ours.logits.data), [...probabilities], 1e-4, 'probabilities');

    // A gradient of the larger one takes plain JavaScript minutes.
    if (format === 'tfjs-graph') return;
    const at = (all: TfTensor, index: number): TfTensor => all.slice([0, index], [1, 1]).log().sum();
    const difference = tf.grad((input) => {
      const all = theirs.predict(input);
      return at(all, first).sub(at(all, second));
    });
    const size = x.length;
    const gradient = ours.gradients.data;
    const expected = [...(await difference(image).data())];
    const found = Array.from({ length: size }, (_, i) => gradient[i]! - gradient[size + i]!);
    assert.ok(expected.some((value) => value !== 0));
    assertWithin(found, expected, 1e-3, 'gradients');
  });
}

/** As scripts/provision-nsfwjs.sh leaves it. */
function published(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const folder = process.env.NEURONINSPECT_NSFWJS ?? join(cache, 'neuroninspect', 'servers', 'nsfwjs-4.2.1');
  if (!existsSync(folder)) throw new Error('the published models are missing: run scripts/provision-nsfwjs.sh');
  return folder;
}

function loaded(tf: Tfjs, folder: string, format: string): Promise<TfModel> {
  const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as {
    readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: readonly unknown[] }[];
  };
  const shards = model.weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(folder, path))));
  const artifacts = {
    ...model,
    weightSpecs: model.weightsManifest.flatMap(({ weights }) => weights),
    weightData: new Uint8Array(Buffer.concat(shards)).buffer,
  };
  const handler = { load: () => Promise.resolve(artifacts) };
  return format === 'tfjs-layers' ? tf.loadLayersModel(handler) : tf.loadGraphModel(handler);
}

function softmax(logits: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}
