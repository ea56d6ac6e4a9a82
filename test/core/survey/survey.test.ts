import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph, Node } from '../../../core/onnx/graph.js';
import { float32, scalar } from '../../../core/onnx/tensor.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import { survey, type SurveyRequest } from '../../../core/survey/index.js';
import { graphWith, nodeOf, tensorsOf, valueOf } from '../../support/graphs.js';
import { linearClassifier } from '../checks/subject.js';

const request: SurveyRequest = {
  profile: cascade1,
  selection: {},
  limits: { maxModelBytes: 2 ** 20, maxRunBytes: 2 ** 24 },
  workers: 2,
};
const look = (graph: Graph, more: Partial<SurveyRequest> = {}) =>
  survey({ graph, files: ['m.onnx'] }, { ...request, ...more });

const rows = [
  [1, 2, 3, 4],
  [4, 3, 2, 1],
  [1, 1, 1, 1],
];
/** `y` becomes what the nodes make of `h`, the Flatten's output. */
function behind(nodes: readonly Node[], dims: readonly (string | number)[] = ['N', 4]): Graph {
  return graphWith({
    inputs: [valueOf('x', ['N', 1, 2, 2])],
    outputs: [valueOf('y', dims)],
    nodes: [nodeOf('Flatten', ['x'], ['h']), ...nodes],
    initializers: tensorsOf({ one: scalar(1), w: float32([4, 4], new Float32Array(16).fill(1)) }),
  });
}

test('a classifier is described as a scan takes it', () => {
  const found = look(linearClassifier(rows, [0, 0, 0], { nodes: [nodeOf('Softmax', ['y'], ['p'])] }));
  assert.equal(found.obstacle, undefined);
  assert.equal(found.graph.parameters, 15);
  assert.equal(found.graph.nodes, 3);
  assert.deepEqual(found.classifier, {
    inputName: 'x',
    layout: 'NCHW',
    inputDims: [1, 2, 2],
    sizeAssumed: false,
    logitsName: 'y',
    cut: undefined,
    classes: 3,
    fixedBatch: undefined,
  });
  assert.deepEqual(found.scan?.rules, ['guided', 'rectified', 'vanilla']);
  assert.equal(found.scan.images, 50);
  assert.ok(found.scan.shards >= 1 && found.scan.runBytes > 0 && found.scan.runBytes <= request.limits.maxRunBytes);
});

test('a final activation is said to be cut off', () => {
  const graph = { ...linearClassifier(rows, [0, 0, 0], { nodes: [nodeOf('Softmax', ['y'], ['p'])] }) };
  const { classifier } = look({ ...graph, outputs: [valueOf('p', ['N', 3])] });
  assert.deepEqual([classifier?.logitsName, classifier?.cut], ['y', 'Softmax']);
});

test('each operator is counted by what happens to its nodes', () => {
  const graph = behind([
    nodeOf('Constant', [], ['unused'], { value_float: { type: 'float', value: 2 } }),
    nodeOf('Relu', ['h'], ['r']),
    nodeOf('Sign', ['r'], ['s']),
    nodeOf('Relu', ['s'], ['after']),
    nodeOf('Exp', ['one'], ['e']),
    nodeOf('Mul', ['r', 'after'], ['m']),
    nodeOf('MatMul', ['m', 'w'], ['z']),
    nodeOf('Add', ['z', 'e'], ['y']),
  ]);
  const uses = new Map(look(graph).ops.map((use) => [use.op, use]));
  assert.deepEqual(uses.get('Relu')?.run, { rule: 1, zero: 0, forward: 1 }, 'behind Sign nothing leads to the image');
  assert.deepEqual(uses.get('Sign')?.run, { rule: 0, zero: 0, forward: 1 }, 'and nothing reaches Sign itself');
  assert.deepEqual(uses.get('Exp')?.run, { rule: 0, zero: 0, forward: 0 }, 'folded');
  assert.deepEqual(uses.get('MatMul')?.run, { rule: 1, zero: 0, forward: 0 });
  assert.ok([...uses.values()].every(({ refused }) => refused === 0));
});

test('all operators without a rule are named, the first of which a scan would name', () => {
  const graph = behind([
    nodeOf('Bernoulli', ['h'], ['l'], {}, { name: 'dice' }),
    nodeOf('Loop', ['l'], ['k'], {}, { name: 'again' }),
    nodeOf('MatMul', ['k', 'w'], ['y']),
  ]);
  const found = look(graph);
  assert.equal(found.obstacle?.code, 'model-unsupported-op');
  assert.match(found.obstacle.message, /dice.*Bernoulli/);
  assert.equal(found.scan, undefined);
  const refused = found.ops.filter((use) => use.refused > 0).map(({ op, refusedNodes }) => [op, ...refusedNodes]);
  assert.deepEqual(refused, [
    ['Bernoulli', 'dice'],
    ['Loop', 'again'],
  ]);
});

test('an operator that runs but has no rule is refused on the path and allowed beside it', () => {
  const square = { shape: { type: 'ints', value: [-1, 2, 2] } } as const;
  const nodes = [
    nodeOf('Reshape', ['h', 'square'], ['sq']),
    nodeOf('Det', ['sq'], ['d'], {}, { name: 'determinant' }),
    nodeOf('Unsqueeze', ['d', 'last'], ['column']),
    nodeOf('Mul', ['column', 'h'], ['y']),
  ];
  const graph = behind(nodes);
  const initializers = new Map([
    ...graph.initializers,
    ['square', { dtype: 'int64' as const, dims: [3], data: BigInt64Array.from(square.shape.value, BigInt) }],
    ['last', { dtype: 'int64' as const, dims: [1], data: BigInt64Array.of(1n) }],
  ]);
  const found = look({ ...graph, initializers });
  assert.match(found.obstacle?.message ?? '', /Det .*determinant.* has no backward rule/);
  assert.deepEqual(found.ops.find(({ op }) => op === 'Det')?.refusedNodes, ['determinant']);

  const zeroed = [...nodes.slice(0, 3), nodeOf('Sign', ['column'], ['s']), nodeOf('Mul', ['s', 'h'], ['y'])];
  const beside = look({ ...behind(zeroed), initializers });
  assert.equal(beside.obstacle, undefined);
  assert.deepEqual(beside.ops.find(({ op }) => op === 'Det')?.run, { rule: 0, zero: 0, forward: 1 });
});

test('a size that the model leaves open is assumed and said so, or given', () => {
  const kernel = { kernel_shape: { type: 'ints', value: [1, 1] } } as const;
  const graph = graphWith({
    inputs: [valueOf('x', ['N', 3, 'H', 'W'])],
    outputs: [valueOf('y', ['N', 4])],
    nodes: [
      nodeOf('Conv', ['x', 'k'], ['c'], kernel),
      nodeOf('GlobalAveragePool', ['c'], ['p']),
      nodeOf('Flatten', ['p'], ['y']),
    ],
    initializers: tensorsOf({ k: float32([4, 3, 1, 1], new Float32Array(12).fill(1)) }),
  });
  const limits = { maxModelBytes: 2 ** 20, maxRunBytes: 2 ** 30 };
  const assumed = look(graph, { limits }).classifier;
  assert.deepEqual([assumed?.inputDims, assumed?.sizeAssumed], [[3, 224, 224], true]);
  const given = look(graph, { limits, size: [8, 16] }).classifier;
  assert.deepEqual([given?.inputDims, given?.sizeAssumed], [[3, 8, 16], false]);
  assert.match(look(graph, { limits: { ...limits, maxRunBytes: 2 ** 16 } }).obstacle?.message ?? '', /--max-memory/);
});

test('what is no image classifier is described as far as it goes', () => {
  const found = look(behind([nodeOf('ArgMax', ['h'], ['y'])], ['N']));
  assert.equal(found.obstacle?.code, 'model-not-a-classifier');
  assert.equal(found.classifier, undefined);
  assert.deepEqual(
    found.ops.map(({ op, support, run }) => [op, support, run]),
    [
      ['ArgMax', 'zero', undefined],
      ['Flatten', 'rule', undefined],
    ],
  );
});
