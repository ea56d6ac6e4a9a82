import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readModel } from '../../../../adapters/formats/index.js';
import { findClassifier } from '../../../../core/onnx/classifier.js';
import type { Node } from '../../../../core/onnx/graph.js';
import { removeTransposes } from '../../../../core/onnx/layout/index.js';
import { promote } from '../../../../core/onnx/promote.js';
import { specialise, type StaticGraph } from '../../../../core/onnx/specialise.js';
import { float32, sizeOf } from '../../../../core/onnx/tensor.js';
import { upgrade } from '../../../../core/onnx/upgrade.js';
import { repoRoot } from '../../../support/paths.js';
import { graphOf, image, op } from '../support/graphs.js';
import { toNchw, toNhwc } from './rewrites.js';

const dims = [1, 2, 3, 4];

/** Far above what the sizes below take where time grows with the graph, far below what they take where it grows faster. */
const patience = 60_000;

test('a chain of 200,000 nodes takes seconds', { timeout: patience }, () => {
  const nodes: Node[] = [toNhwc('x', 'v0')];
  for (let i = 0; i < 200_000; i++) nodes.push(op(i % 2 ? 'Neg' : 'Relu', `v${i}`, `v${i + 1}`));
  nodes.push(toNchw('v200000', 'y'));
  const after = removeTransposes(staticGraph(nodes));
  assert.equal(after.graph.nodes.length, 200_001);
  assert.equal(count(after), 0);
});

test('a chain of 100,000 pairs of Transposes is none', { timeout: patience }, () => {
  const nodes: Node[] = [];
  for (let i = 0; i < 100_000; i++) nodes.push(toNhwc(`v${i}`, `w${i}`), toNchw(`w${i}`, `v${i + 1}`));
  const after = removeTransposes(staticGraph([op('Relu', 'x', 'v0'), ...nodes, op('Neg', 'v100000', 'y')]));
  assert.deepEqual(
    after.graph.nodes.map((node) => node.op),
    ['Relu', 'Neg'],
  );
});

test(
  'a fan-out of 10,000 readers into one Concat takes seconds, and one Transpose is enough',
  { timeout: patience },
  () => {
    const nodes: Node[] = [];
    for (let i = 0; i < 10_000; i++) nodes.push(toNhwc('x', `a${i}`), op('Relu', `a${i}`, `b${i}`));
    const names = Array.from({ length: 10_000 }, (_, i) => `b${i}`);
    const model = staticGraph([...nodes, op('Concat', names.join(), 'c', { axis: 3 }), toNchw('c', 'y')]);
    assert.equal(count(removeTransposes(model)), 0);
  },
);

test('one constant wanted in 3,000 orders of its eight axes is not copied 3,000 times', { timeout: patience }, () => {
  const shape = new Array<number>(8).fill(5);
  const nodes: Node[] = [op('Relu', 'x', 'big')];
  const orders = 3000;
  for (let i = 0; i < orders; i++) {
    nodes.push(op('Transpose', 'big', `t${i}`, { perm: order(i, 8) }), op('Mul', `t${i}, one`, `m${i}`));
  }
  const outputs = Array.from({ length: orders }, (_, i) => `m${i}`);
  const initializers = { one: float32(shape, new Float32Array(sizeOf(shape)).fill(1)) };
  const graph = graphOf({ inputs: [image(shape)], nodes, outputs, initializers, opset: 21 });
  const after = removeTransposes(specialise(graph, new Map([['x', shape]]), outputs));
  const bytes = [...after.graph.initializers.values()].reduce((sum, { dims: own }) => sum + 4 * sizeOf(own), 0);
  assert.ok(bytes < 2 ** 26, `${bytes} bytes of constants`);
});

test('a model without Transposes stays byte for byte what it is', async () => {
  for (const name of ['digits-clean', 'digits-backdoored-lower-right']) {
    const { graph } = await readModel(join(repoRoot, 'examples', 'models', `${name}.onnx`));
    const { input, logitsName } = findClassifier(graph);
    const shape = new Map([[input.name, [2, 1, 28, 28]]]);
    const model = upgrade(specialise(promote(graph, input.name), shape, [logitsName]));
    assert.equal(removeTransposes(model), model);
  }
});

/** A permutation of its own for every number below `rank` factorial. */
function order(i: number, rank: number): number[] {
  const rest = Array.from({ length: rank }, (_, axis) => axis);
  let index = i;
  return rest.slice().map(() => {
    const place = index % rest.length;
    index = Math.floor(index / rest.length);
    return rest.splice(place, 1)[0]!;
  });
}

function staticGraph(nodes: readonly Node[]): StaticGraph {
  const graph = graphOf({ inputs: [image(dims)], nodes, outputs: ['y'], opset: 21 });
  return specialise(graph, new Map([['x', dims]]), ['y']);
}

function count({ graph }: StaticGraph): number {
  return graph.nodes.filter((node) => node.op === 'Transpose').length;
}
