import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../../adapters/engines/onnxruntime/index.js';
import { compileProgram } from '../../../../core/compile/program.js';
import type { Graph, Tensor } from '../../../../core/onnx/graph.js';
import { removeTransposes } from '../../../../core/onnx/layout/index.js';
import { printGraph } from '../../../../core/onnx/print.js';
import { specialise, type StaticGraph } from '../../../../core/onnx/specialise.js';
import { float32 } from '../../../../core/onnx/tensor.js';
import { upgrade } from '../../../../core/onnx/upgrade.js';
import { saliencyRuleNames, type SaliencyRuleName } from '../../../../core/scan/features.js';
import { newRandom, seedOf, type Random } from '../../../support/random.js';
import { graphOf, image } from '../support/graphs.js';
import { randomGraph } from './random-graph.js';

const base = Number(process.env.NEURONINSPECT_TEST_SEED ?? 0);
const graphs = Number(process.env.NEURONINSPECT_TEST_GRAPHS ?? 60);
const engine = createOnnxruntimeEngine({ provider: 'cpu' });
const dims = [2, 6, 5, 3] as const;
const classes = 5;

for (let i = 0; i < graphs; i++) {
  const seed = seedOf(`layout ${i}`, base);
  test(`logits and gradients of a random channels-last graph stay what they are, seed ${seed}`, async () => {
    const random = newRandom(seed);
    const { nodes, constants } = randomGraph(random, dims, 4 + random.below(22));
    const parts = { inputs: [image(dims)], nodes, outputs: ['y'], initializers: constants, opset: 21 };
    const before = upgrade(specialise(graphOf(parts), new Map([['x', dims]]), ['y']));
    const after = removeTransposes(before);
    assert.equal(removeTransposes(after), after, 'a second time changes something');
    checkTypes(after);
    if (after === before) return;
    const x = tensor(random, dims);
    const seeds = tensor(random, [3, 1, classes]);
    const rule = saliencyRuleNames[i % saliencyRuleNames.length]!;
    const [expected, actual] = [await run(before, rule, x, seeds), await run(after, rule, x, seeds)];
    for (const [name, values] of expected) {
      assert.ok(distance(values, actual.get(name)!) < 1e-5, `${name} differs\n${printGraph(after.graph, after.types)}`);
    }
  });
}

/** Shapes that the pass wrote down are those that shape inference finds in what it made. */
function checkTypes({ graph, types }: StaticGraph): void {
  const again = specialise(graph, new Map([['x', dims]]), ['y']);
  for (const [name, type] of again.types) assert.deepEqual(types.get(name), type, name);
}

async function run(
  model: StaticGraph,
  rule: SaliencyRuleName,
  x: Tensor,
  seeds: Tensor,
): Promise<Map<string, Float32Array>> {
  const outputs = ['logits', 'gradient'] as const;
  const program: Graph = compileProgram(model, 'x', 'y', {
    rule,
    layout: 'NHWC',
    outputs,
    objective: 'logit',
  });
  const session = await engine.load(program);
  try {
    const found = await session.run(
      new Map([
        ['images', x],
        ['seeds', seeds],
      ] as const),
    );
    return new Map([...found].map(([name, { data }]) => [name, data as Float32Array]));
  } finally {
    await session.dispose();
  }
}

function tensor(random: Random, shape: readonly number[]): Tensor {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return float32(
    shape,
    Array.from({ length: size }, () => random.uniform(-1, 1)),
  );
}

/** Largest difference, in units of the largest number; a gradient below 1e-3 may be the rounding of one that cancels out. */
function distance(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  let [difference, size] = [0, 1e-3];
  a.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - b[i]!));
    size = Math.max(size, Math.abs(value));
  });
  return difference / size;
}
