import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../../adapters/engines/onnxruntime/index.js';
import { removeTransposes } from '../../../../core/onnx/layout/index.js';
import { printGraph } from '../../../../core/onnx/print.js';
import { specialise, type StaticGraph } from '../../../../core/onnx/specialise.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import { upgrade } from '../../../../core/onnx/upgrade.js';
import { expectGolden } from '../../../support/golden.js';
import { graphOf, image } from '../support/graphs.js';
import { counting, rewrites, untouched, type Rewrite } from './rewrites.js';

const engine = createOnnxruntimeEngine({ provider: 'cpu' });
const dims = [2, 3, 4, 6];

test('every rewrite, printed', () => {
  const text = rewrites.map((row) => `# ${row.title}\n${printGraph(...parts(removeTransposes(modelOf(row))))}`);
  expectGolden('onnx/layout.txt', text.join('\n'));
});

for (const row of rewrites) {
  test(`the same numbers: ${row.title}`, async () => {
    const before = modelOf(row);
    const after = removeTransposes(before);
    assert.notEqual(after, before);
    assert.ok(moved(after) < moved(before), `${moved(after)} elements are still moved`);
    assert.deepEqual(after.types.get('y'), before.types.get('y'));
    const reference = row.equals === undefined ? before : modelOf(rewrites.find(({ title }) => title === row.equals)!);
    assert.deepEqual(await run(after), await run(reference));
    assert.equal(removeTransposes(after), after, 'a second time changes something');
  });
}

for (const row of untouched) {
  test(`handed back as it is: ${row.title}`, () => {
    const model = modelOf(row);
    assert.equal(removeTransposes(model), model);
  });
}

test('nodes keep their names and the outputs theirs', () => {
  for (const row of rewrites) {
    const before = modelOf(row);
    const after = removeTransposes(before);
    const named = new Set(after.graph.nodes.map(({ name }) => name));
    for (const { name, op } of before.graph.nodes) {
      if (op !== 'Transpose') assert.ok(named.has(name), `${row.title}: node ${name} (${op}) is gone`);
    }
    assert.deepEqual(after.graph.outputs, before.graph.outputs);
  }
});

function modelOf({ nodes, constants = {} }: Rewrite): StaticGraph {
  const graph = graphOf({ inputs: [image(dims)], nodes, outputs: ['y'], initializers: constants, opset: 21 });
  return upgrade(specialise(graph, new Map([['x', dims]]), ['y']));
}

function parts({ graph, types }: StaticGraph): Parameters<typeof printGraph> {
  return [graph, types];
}

/** Elements that Transposes move; one more for each, so that a useless one counts as well. */
function moved({ graph, types }: StaticGraph): number {
  const sizes = graph.nodes.map(({ op, inputs }) => (op === 'Transpose' ? 1 + sizeOf(types.get(inputs[0]!)!.dims) : 0));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function run({ graph }: StaticGraph): Promise<unknown> {
  const session = await engine.load(graph);
  try {
    return (await session.run(new Map([['x', counting(...dims)]]))).get('y');
  } finally {
    await session.dispose();
  }
}
