import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readModel } from '../../../../adapters/formats/index.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import { scanError } from '../../../support/graphs.js';
import { assertModel, goldenOf, type ModelGolden } from '../../../support/model-golden.js';
import { repoRoot } from '../../../support/paths.js';

/** Models as people save them, against what TensorFlow computes: test/fixtures/tensorflow/variants.py. */
const folder = join(repoRoot, 'test/fixtures/tensorflow/variants');

const goldenNamed = (name: string): ModelGolden => goldenOf(readNpz(readFileSync(join(folder, `${name}.npz`))));

describe('a model gives what TensorFlow gives, forward and backward', () => {
  for (const [name, what] of [
    ['transfer-keras3', 'augmentation that is switched off, a network as a layer; exported by Keras 3'],
    ['transfer-tf-keras', 'the same saved by tf_keras, with the function of training in the file'],
    ['module-nhwc', 'a tf.Module without Keras'],
    ['module-nchw', 'a tf.Module that takes channels first'],
    ['examples-and-images', 'serving_default takes serialized examples, another signature images'],
  ] as const) {
    test(`${name}: ${what}`, async () => {
      const { graph } = await readModel(join(folder, name));
      assert.equal(graph.inputs.length, 1);
      assert.equal(graph.outputs.length, 1);
      await assertModel(graph, goldenNamed(name));
    });
  }

  test('slim.pb: a frozen graph of TF1 with two ends and conditions on is_training', async () => {
    const { graph } = await readModel(join(folder, 'slim.pb'));
    const golden = goldenNamed('slim');
    await assert.rejects(assertModel(graph, golden), scanError('model-ambiguous', /Reshape_1/, /--logits-name/));
    for (const logitsName of ['Predictions/Reshape_1', 'Logits/Squeeze']) {
      await assertModel(graph, golden, { logitsName });
    }
  });
});

describe('what cannot be scanned is refused with what to do instead', () => {
  test("augmentation that Keras 3's model.export left on: the file of Keras itself can be scanned", async () => {
    await assert.rejects(
      readModel(join(folder, 'random')),
      scanError('model-unsupported-op', /random_flip/, /is random/, /model\.save\('model\.keras'\)/, /training=False/),
    );
  });

  test('a tf.Module without a signature', async () => {
    await assert.rejects(
      readModel(join(folder, 'module-without-signature')),
      scanError('model-not-a-classifier', /no signature takes an image/, /signatures=/),
    );
  });

  test('serialized examples and nothing else', async () => {
    await assert.rejects(
      readModel(join(folder, 'examples')),
      scanError('model-not-a-classifier', /'examples': string/, /build_raw_serving_input_receiver_fn/),
    );
  });
});
