import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '../../../core/onnx/graph.js';
import { specialise } from '../../../core/onnx/specialise.js';
import { bool, float32, int64, ints, scalar } from '../../../core/onnx/tensor.js';
import { graphOf, image, op } from './support/graphs.js';
import type { GraphParts } from './support/graphs.js';

const pixels = new Map([['x', [2, 3, 4, 4]]]);
const input = image(['N', 3, 4, 4]);

function of(parts: GraphParts, outputs: readonly string[] = ['y']) {
  return specialise(graphOf({ inputs: [input], ...parts }), pixels, outputs);
}

const opsOf = (graph: Graph) => graph.nodes.map((node) => `${node.op}(${node.inputs.join()})`);

test('the shape subgraph of an exporter collapses into one Reshape', () => {
  const { graph, types } = of({
    nodes: [
      op('Shape', 'x', 'shape'),
      op('Constant', '', 'zero', { value: int64([], [0]) }),
      op('Gather', 'shape, zero', 'batch'),
      op('Constant', '', 'axes', { value: ints(0) }),
      op('Unsqueeze', 'batch, axes', 'head'),
      op('Constant', '', 'tail', { value: ints(-1) }),
      op('Concat', 'head, tail', 'target', { axis: 0 }),
      op('Reshape', 'x, target', 'y'),
    ],
  });
  assert.deepEqual(opsOf(graph), ['Reshape(x,target)']);
  assert.deepEqual([...graph.initializers], [['target', ints(2, -1)]]);
  assert.deepEqual([...types.keys()].sort(), ['target', 'x', 'y']);
  assert.deepEqual(types.get('y'), { dtype: 'float32', dims: [2, 48] });
  assert.deepEqual(graph.inputs, [{ name: 'x', dtype: 'float32', dims: [2, 3, 4, 4] }]);
  assert.deepEqual(graph.outputs, [{ name: 'y', dtype: 'float32', dims: [2, 48] }]);
});

test('nodes that hand their input on are gone', () => {
  const { graph } = of({
    nodes: [
      op('Identity', 'x', 'a'),
      op('Cast', 'a', 'b', { to: 1 }),
      op('Dropout', 'b', 'c'),
      op('CastLike', 'c, x', 'd'),
      op('Relu', 'd', 'y'),
    ],
  });
  assert.deepEqual(opsOf(graph), ['Relu(x)']);
});

test('an output that is another name of a value stays valid', () => {
  const nodes = [
    op('Relu', 'x', 'a'),
    op('Identity', 'a', 'y'),
    op('Identity', 'x', 'copy'),
    op('Identity', 'w', 'seven'),
  ];
  const { graph, types } = of({ nodes, initializers: { w: scalar(7) } }, ['y', 'copy', 'seven', 'a']);
  assert.deepEqual(opsOf(graph), ['Relu(x)', 'Identity(a)', 'Identity(x)']);
  assert.deepEqual(graph.initializers.get('seven'), scalar(7));
  assert.deepEqual(
    graph.outputs.map(({ name }) => name),
    ['y', 'copy', 'seven', 'a'],
  );
  for (const name of ['y', 'copy', 'seven', 'a']) assert.ok(types.has(name));
});

test('a CastLike that casts needs the type alone', () => {
  const { graph } = of({ nodes: [op('Shape', 'x', 'i'), op('CastLike', 'x, i', 'y')] });
  assert.deepEqual(opsOf(graph), ['Cast(x)']);
  assert.deepEqual(graph.nodes[0]!.attributes.get('to'), { type: 'int', value: 7 });
});

test('only what the outputs need stays', () => {
  const nodes = [op('Relu', 'x', 'a'), op('Sigmoid', 'a', 'b'), op('Loop', 'a', 'c'), op('Tanh', 'b', 'y')];
  const { graph, types } = of({ nodes, initializers: { unused: scalar(1) } }, ['b']);
  assert.deepEqual(opsOf(graph), ['Relu(x)', 'Sigmoid(a)']);
  assert.equal(graph.initializers.size, 0);
  assert.equal(types.has('y'), false);
});

test('declared shapes of outputs are not trusted', () => {
  const wrong: Graph = {
    ...graphOf({ inputs: [input], nodes: [op('Relu', 'x', 'y')] }),
    outputs: [{ name: 'y', dtype: 'int64', dims: [9] }],
  };
  assert.deepEqual(specialise(wrong, pixels, ['y']).graph.outputs[0]!.dims, [2, 3, 4, 4]);
});

test('a second input that nothing needs may keep its symbolic shape', () => {
  const nodes = [op('Relu', 'x', 'y'), op('Relu', 'mask', 'z')];
  const graph = graphOf({ inputs: [input, image(['M'], 'float32', 'mask')], nodes });
  assert.deepEqual(
    specialise(graph, pixels, ['y']).graph.inputs.map(({ name }) => name),
    ['x'],
  );
  assert.throws(() => specialise(graph, pixels, ['z']), { code: 'model-ambiguous', message: /"mask"/ });
});

test('names that the model does not have are refused', () => {
  const graph = graphOf({ inputs: [input], nodes: [op('Relu', 'x', 'y')] });
  assert.throws(() => specialise(graph, pixels, ['z']), { code: 'model-ambiguous', message: /"z"/ });
  assert.throws(() => specialise(graph, new Map([['image', [1]]]), ['y']), {
    code: 'model-ambiguous',
    message: /"image"/,
  });
});

test('a node that reads a value nobody computes is refused', () => {
  assert.throws(() => of({ nodes: [op('Add', 'x, w', 'y')] }), { code: 'model-malformed', message: /"y".*"w"/ });
});

test('a value computed twice is refused', () => {
  assert.throws(() => of({ nodes: [op('Relu', 'x', 'y'), op('Tanh', 'x', 'y')] }), { code: 'model-malformed' });
  assert.throws(() => of({ nodes: [op('Relu', 'x', 'w'), op('Tanh', 'w', 'y')], initializers: { w: scalar(1) } }), {
    code: 'model-malformed',
  });
});

test('a domain without a version is refused', () => {
  const node = { ...op('Gelu', 'x', 'y'), domain: 'com.microsoft' };
  assert.throws(() => of({ nodes: [node] }), { code: 'model-malformed', message: /com\.microsoft/ });
});

test('loops and random training ops are refused by name', () => {
  assert.throws(() => of({ nodes: [op('Loop', 'x', 'y')] }), {
    code: 'model-unsupported-op',
    message: /"y" \(Loop, opset 17\)/,
  });
  assert.throws(() => of({ nodes: [op('Scan', 'x', 'y')] }), { code: 'model-unsupported-op' });
  const training = { t: bool([], [1]), r: scalar(0.5) };
  assert.throws(() => of({ nodes: [op('Dropout', 'x, r, t', 'y')], initializers: training }), {
    code: 'model-unsupported-op',
    message: /training mode/,
  });
});

test('what tf2onnx leaves of TensorFlow in its files is refused with what to scan instead', () => {
  for (const [left, why] of [
    [
      'StatefulPartitionedCall',
      /tf2onnx could not convert.*scan the SavedModel or the \.keras file.*run_functions_eagerly/,
    ],
    ['StatelessRandomGetKeyCounter', /is random.*model\.save\('model\.keras'\)/],
  ] as const) {
    assert.throws(() => of({ nodes: [op(left, 'x', 'y')] }), { code: 'model-unsupported-op', message: why });
  }
});

test('a Dropout in inference drops nothing, and its mask says so', () => {
  const { graph } = of(
    { nodes: [op('Dropout', 'x, r, t', 'y, m')], initializers: { t: bool([], [0]), r: scalar(0.5) } },
    ['y', 'm'],
  );
  assert.deepEqual(opsOf(graph), ['Identity(x)']);
  const mask = graph.initializers.get('m')!;
  assert.deepEqual([mask.dtype, mask.dims, mask.data.length], ['bool', [2, 3, 4, 4], 96]);
  assert.ok(mask.data.every((value) => value === 1));
});

test('a hostile Expand is refused before it is computed', () => {
  const nodes = [op('Expand', 'w, shape', 'big'), op('ReduceSum', 'big', 'sum'), op('Add', 'x, sum', 'y')];
  for (const shape of [ints(2 ** 20, 2 ** 20), ints(2 ** 30), ints(0, 2 ** 40)]) {
    assert.throws(() => of({ nodes, initializers: { w: float32([1], [1]), shape } }), { code: 'model-too-large' });
  }
});

test('many small hostile steps are refused as well', () => {
  const nodes = Array.from({ length: 80 }, (_, i) => op('ConstantOfShape', 'shape', `c${i}`));
  const sum = op('Sum', nodes.map((node) => node.outputs[0]).join(), 'y');
  assert.throws(() => of({ nodes: [...nodes, sum], initializers: { shape: ints(2 ** 20) } }), {
    code: 'model-too-large',
  });
});

test('outputs that nobody reads are cut from ops where they are optional', () => {
  const { graph } = of({
    nodes: [
      op('MaxPool', 'x', 'p, i', { kernel_shape: [2, 2] }),
      op('BatchNormalization', 'p, s, s, s, s', 'y, m, v, sm, sv'),
    ],
    initializers: { s: float32([3], [1, 1, 1]) },
    opset: 9,
  });
  assert.deepEqual(
    graph.nodes.map((node) => node.outputs),
    [['p'], ['y']],
  );
});

test('a constant node without an evaluator stays a node with known types', () => {
  const { graph, types } = of({
    nodes: [op('Softmax', 'w', 's'), op('Add', 'x, s', 'y')],
    initializers: { w: float32([4], [1, 2, 3, 4]) },
  });
  assert.deepEqual(opsOf(graph), ['Softmax(w)', 'Add(x,s)']);
  assert.deepEqual(types.get('s'), { dtype: 'float32', dims: [4] });
});

test('BatchNormalization in training mode is refused', () => {
  const nodes = [op('BatchNormalization', 'x, s, s, s, s', 'y', { training_mode: 1 })];
  assert.throws(() => of({ nodes, initializers: { s: float32([3], [1, 1, 1]) } }), { message: /training mode/ });
});
