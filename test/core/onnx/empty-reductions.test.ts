import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { emptyReductions } from '../../../core/onnx/empty-reductions.js';
import type { Graph } from '../../../core/onnx/graph.js';
import { specialise } from '../../../core/onnx/specialise.js';
import { float32, ints, numbersOf } from '../../../core/onnx/tensor.js';
import { upgrade } from '../../../core/onnx/upgrade.js';
import { graphOf, image, op } from './support/graphs.js';

const x = float32([2, 2], [0.5, 1, 2, -0.25]);
const engine = createOnnxruntimeEngine({ provider: 'cpu' });

for (const name of Object.keys(emptyReductions)) {
  test(`${name} over no axes is written without a reduction and stays what it is`, async () => {
    for (const inputs of ['x', 'x, axes']) {
      const original = reduction(name, inputs, 1);
      const rewritten = upgraded(original);
      assert.equal(rewritten.nodes.length, 1);
      assert.doesNotMatch(rewritten.nodes[0]!.op, /Reduce/);
      const [found, expected] = [await computed(rewritten), await computed(original)];
      assert.equal(found.length, x.data.length);
      found.forEach((value, i) => {
        const same = Object.is(value, expected[i]) || Math.abs(value - expected[i]!) < 1e-6;
        assert.ok(same, `${value}, not ${expected[i]}`);
      });
    }
  });

  test(`${name} over all axes, or one, stays a reduction`, () => {
    assert.equal(upgraded(reduction(name, 'x, axes', 0)).nodes[0]!.op, name);
    assert.equal(upgraded(reduction(name, 'x', 0)).nodes[0]!.op, name);
    assert.equal(upgraded(reduction(name, 'x, one', 1)).nodes[0]!.op, name);
  });
}

function reduction(name: string, inputs: string, noop: number): Graph {
  return graphOf({
    opset: 18,
    inputs: [image([2, 2])],
    outputs: ['y'],
    nodes: [op(name, inputs, 'y', { noop_with_empty_axes: noop })],
    initializers: { axes: ints(), one: ints(1) },
  });
}

function upgraded(graph: Graph): Graph {
  return upgrade(specialise(graph, new Map([['x', x.dims]]), ['y'])).graph;
}

async function computed(graph: Graph): Promise<number[]> {
  const session = await engine.load(graph);
  try {
    return numbersOf((await session.run(new Map([['x', x]]))).get('y')!);
  } finally {
    await session.dispose();
  }
}
