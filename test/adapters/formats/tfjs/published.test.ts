import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../../adapters/engines/onnxruntime/index.js';
import { readModel } from '../../../../adapters/formats/index.js';
import { openModel } from '../../../../core/execute/open-model.js';
import { cascade1 } from '../../../../core/scan/profiles.js';
import { installedDir } from '../../../support/installed.js';
import { assertWithin } from '../../../support/model-golden.js';
import { loadTfjs, tfjsOn, type TfTensor } from '../../../support/tfjs.js';

const dims = [224, 224, 3];
const count = 3;
/** Classes whose difference of logits is differentiated, which a final Softmax does not hide. */
const [first, second] = [0, 3];

for (const [name, format] of [
  ['mobilenet_v2', 'tfjs-layers'],
  ['mobilenet_v2_mid', 'tfjs-graph'],
] as const) {
  test(`${name} as nsfwjs publishes it says and looks at what TensorFlow.js does with it`, async () => {
    const folder = join(published(), name);
    const size = 224 * 224 * 3;
    const x = Float32Array.from({ length: count * size }, (_, i) => 0.5 + 0.5 * Math.sin(i * 0.37) * Math.cos(i / 911));

    const file = await readModel(folder, { maxModelBytes: 2 ** 30 });
    assert.equal(file.format, format);
    const model = await openModel(createOnnxruntimeEngine({ provider: 'cpu' }), file.graph, {
      path: folder,
      images: { kind: 'raw', digest: 'sha256:0', count, labels: [], dims: [count, ...dims], data: x },
      preprocessing: {},
      profile: cascade1,
      selection: {},
      limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 30 },
    });
    const ours = await model.explain({ rule: 'vanilla', classes: [first, second] });
    await model.close();

    const fast = await tfjsOn('wasm');
    const answered = await loadTfjs(fast, folder, format);
    const probabilities = await answered.predict(fast.tensor(x, [count, ...dims])).data();
    const classes = probabilities.length / count;
    const logits = Array.from(ours.logits.data);
    for (let n = 0; n < count; n++) {
      const of = [n * classes, (n + 1) * classes] as const;
      assertWithin(softmax(logits.slice(...of)), [...probabilities.slice(...of)], 1e-4, `probabilities of image ${n}`);
    }

    // A gradient of the larger one takes plain JavaScript minutes.
    if (format === 'tfjs-graph') return;
    const tf = await tfjsOn('cpu');
    const theirs = await loadTfjs(tf, folder, format);
    const at = (all: TfTensor, index: number): TfTensor => all.slice([0, index], [1, 1]).log().sum();
    const difference = tf.grad((input) => {
      const all = theirs.predict(input);
      return at(all, first).sub(at(all, second));
    });
    const gradient = ours.gradients.data;
    const expected = [...(await difference(tf.tensor(x.subarray(0, size), [1, ...dims])).data())];
    const found = Array.from({ length: size }, (_, i) => gradient[i]! - gradient[size + i]!);
    assert.ok(expected.some((value) => value !== 0));
    assertWithin(found, expected, 1e-3, 'gradients');
  });
}

/** As scripts/provision-nsfwjs.sh leaves it. */
function published(): string {
  const folder = process.env.NEURONINSPECT_NSFWJS ?? join(installedDir, 'nsfwjs-4.2.1');
  if (!existsSync(folder)) throw new Error('the published models are missing: run scripts/provision-nsfwjs.sh');
  return folder;
}

function softmax(logits: ArrayLike<number>): number[] {
  const most = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}
