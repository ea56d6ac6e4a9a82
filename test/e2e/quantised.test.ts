import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { createTfjsEngine } from '../../adapters/engines/tfjs/index.js';
import { openModel } from '../../core/execute/open-model.js';
import type { Tensor } from '../../core/onnx/graph.js';
import { float32, scalar } from '../../core/onnx/tensor.js';
import type { Engine } from '../../core/ports/engine.js';
import { cascade1 } from '../../core/scan/profiles.js';
import { createCli } from '../services/cli/run-cli.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../support/graphs.js';
import { repoRoot } from '../support/paths.js';
import { newRandom } from '../support/random.js';

test('a backdoor survives quantisation, and is found in QLinear operators too', async (t) => {
  const cli = await createCli(t);
  const model = join(repoRoot, 'test', 'fixtures', 'quantised', 'digits.onnx');
  const { code, stdout } = await cli.run([
    'scan',
    model,
    '--images',
    join(repoRoot, 'examples', 'images'),
    '--format',
    'json',
  ]);
  assert.equal(code, 1);
  const [result] = (JSON.parse(stdout) as { results: { verdict: string; targetClasses: number[] }[] }).results;
  assert.deepEqual([result!.verdict, result!.targetClasses], ['backdoored', [5]]);
});

const engines = {
  onnxruntime: createOnnxruntimeEngine({ provider: 'cpu' }),
  tfjs: createTfjsEngine({ provider: 'cpu' }),
};
for (const [name, engine] of Object.entries(engines)) {
  test(`dynamic quantisation on ${name}: each image alone, as where it is deployed, and gradients pass straight through`, () =>
    dynamicallyQuantised(engine));
}

async function dynamicallyQuantised(engine: Engine): Promise<void> {
  const random = newRandom(3);
  const [classes, pixels] = [3, 16];
  const weight: Tensor = {
    dtype: 'int8',
    dims: [pixels, classes],
    data: Int8Array.from({ length: pixels * classes }, () => random.below(255) - 127),
  };
  const step = 0.01;
  const graph = graphWith({
    inputs: [valueOf('x', ['n', 1, 4, 4])],
    outputs: [valueOf('y', ['n', classes])],
    nodes: [
      nodeOf('Flatten', ['x'], ['flat']),
      nodeOf('DynamicQuantizeLinear', ['flat'], ['q', 'scale', 'zero']),
      nodeOf('MatMulInteger', ['q', 'weight', 'zero'], ['product']),
      nodeOf('Cast', ['product'], ['float'], { to: { type: 'int', value: 1 } }),
      nodeOf('Mul', ['scale', 'step'], ['scales']),
      nodeOf('Mul', ['float', 'scales'], ['y']),
    ],
    initializers: tensorsOf({ weight, step: scalar(step) }),
  });
  // The second image is ten times as bright: with one scale for both the first would lose most of its levels.
  const data = Float32Array.from({ length: 2 * pixels }, (_, i) => random.uniform(0, i < pixels ? 1 : 10));
  const model = await openModel(engine, graph, {
    path: 'model.onnx',
    images: { kind: 'raw', digest: 'sha256:0', count: 2, labels: [], dims: [2, 1, 4, 4], data },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 20, maxRunBytes: 2 ** 28 },
  });
  const { logits, gradients } = await model.explain({ rule: 'vanilla', classes: [0, 2] });
  await model.close();
  const session = await engines.onnxruntime.load(graph);
  const scores: number[] = [];
  for (const image of [0, 1]) {
    const x = float32([1, 1, 4, 4], data.subarray(image * pixels, (image + 1) * pixels));
    scores.push(...((await session.run(new Map([['x', x]]))).get('y')!.data as Float32Array));
  }
  await session.dispose();
  close(logits.data, scores);
  const slopes = [0, 1].flatMap(() =>
    [0, 2].flatMap((k) => Array.from({ length: pixels }, (_, i) => step * Number(weight.data[i * classes + k]))),
  );
  close(gradients.data, slopes);
}

function close(found: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  const largest = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => {
    assert.ok(Math.abs(value - found[i]!) <= 1e-5 * largest, `${i}: ${found[i]!}, not ${value}`);
  });
}
