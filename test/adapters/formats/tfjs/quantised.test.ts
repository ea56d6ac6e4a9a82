import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { diskFiles } from '../../../../adapters/formats/files/disk.js';
import { readModel } from '../../../../adapters/formats/index.js';
import { readTfjs } from '../../../../adapters/formats/tfjs/json.js';
import { readWeights } from '../../../../adapters/formats/tfjs/weights.js';
import { readNpz } from '../../../../adapters/images/npz.js';
import { assertModel } from '../../../support/model-golden.js';
import { repoRoot } from '../../../support/paths.js';
import { loadTfjs, tfjsArtifacts, tfjsOn, type Tfjs, type TfModel, type TfTensor } from '../../../support/tfjs.js';

const fixtures = join(repoRoot, 'test/fixtures/tensorflow/models');
const classes = 5;

describe('a model of the TensorFlow.js converter is what TensorFlow.js makes of it', () => {
  for (const name of ['tfjs-graph', 'tfjs-graph-uint8', 'tfjs-graph-uint16', 'tfjs-graph-float16', 'tfjs-layers']) {
    const folder = join(fixtures, name);

    test(`${name}: every weight, to the last bit`, async () => {
      const tf = await tfjsOn('cpu');
      const { weightSpecs, weightData } = tfjsArtifacts(folder);
      const files = diskFiles(join(folder, 'model.json'), { maxModelBytes: 2 ** 20 });
      const weights = readWeights(files, 'model.json', readTfjs(files, 'model.json').json);
      const expected = tf.io.decodeWeights(weightData, weightSpecs);
      assert.deepEqual([...weights.keys()].sort(), Object.keys(expected).sort());
      for (const [key, tensor] of Object.entries(expected)) {
        const { dims, data } = weights.get(key)!();
        assert.deepEqual(dims, tensor.shape, key);
        assert.deepEqual(data, await tensor.data(), key);
      }
    });

    test(`${name}: logits and gradients`, async () => {
      const { graph, format } = await readModel(folder);
      const tf = await tfjsOn('cpu');
      const scores = logitsOf(tf, await loadTfjs(tf, folder, format), format);
      const x = readNpz(readFileSync(join(fixtures, 'tf-keras.npz'))).get('x')!;
      const image = tf.tensor(Float32Array.from(x.data as ArrayLike<number>), x.dims);
      const count = x.dims[0]!;
      const logits = await scores(image).data();
      const size = x.dims.slice(1).reduce((product, dim) => product * dim);
      const grad = new Float32Array(count * classes * size);
      for (let c = 0; c < classes; c++) {
        // An image's score depends on that image alone, so the gradient of their sum is that of each.
        const of = tf.grad((input) => scores(input).slice([0, c], [count, 1]).sum());
        const values = await of(image).data();
        for (let n = 0; n < count; n++) grad.set(values.subarray(n * size, (n + 1) * size), (n * classes + c) * size);
      }
      assert.ok(grad.some((value) => value !== 0));
      await assertModel(graph, {
        x,
        logits: { ...x, dims: [count, classes], data: Float32Array.from(logits) },
        grad: { ...x, dims: [count, classes, ...x.dims.slice(1)], data: grad },
      });
    });
  }
});

/** What the model gives to its Softmax. */
function logitsOf(tf: Tfjs, model: TfModel, format: string): (x: TfTensor) => TfTensor {
  if (format === 'tfjs-graph') return (x) => model.execute(x, 'StatefulPartitionedCall/small/logits/BiasAdd');
  const inner = tf.model({ inputs: model.inputs, outputs: model.getLayer('logits').output });
  return (x) => inner.predict(x);
}
