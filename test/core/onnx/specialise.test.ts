import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import type { Graph, Node, Tensor } from '../../../core/onnx/graph.js';
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

const twice = graphOf({
  nodes: [op('Constant', '', 'k', { value: scalar(2) }), op('Mul', 'a, k', 'inner')],
  outputs: ['inner'],
});
const bent = graphOf({ nodes: [op('Relu', 'a', 'inner')], outputs: ['inner'] });

test('a condition that does not depend on the image leaves one branch', () => {
  for (const [flag, expected] of [
    [1, ['Sigmoid(x)', 'Mul(a,y0.then.k)', 'Tanh(y0.then.inner)']],
    [0, ['Sigmoid(x)', 'Relu(a)', 'Tanh(y0.else.inner)']],
  ] as const) {
    const { graph } = of({
      nodes: [
        op('Sigmoid', 'x', 'a'),
        op('If', 'flag', 'y0', { then_branch: twice, else_branch: bent }),
        op('Tanh', 'y0', 'y'),
      ],
      initializers: { flag: bool([], [flag]) },
    });
    assert.deepEqual(opsOf(graph), expected);
  }
});

test('the two branches of two conditions may use the same inner names', () => {
  const branches = { then_branch: twice, else_branch: bent };
  const { graph } = of({
    nodes: [
      op('Sigmoid', 'x', 'a'),
      op('If', 'yes', 'b', branches),
      op('If', 'no', 'c', branches),
      op('If', 'yes', 'd', branches),
      op('Sum', 'b, c, d', 'y'),
    ],
    initializers: { yes: bool([], [1]), no: bool([], [0]) },
  });
  assert.deepEqual(opsOf(graph), [
    'Sigmoid(x)',
    'Mul(a,b.then.k)',
    'Relu(a)',
    'Mul(a,d.then.k)',
    'Sum(b.then.inner,c.else.inner,d.then.inner)',
  ]);
});

test('conditions of one name keep their values apart', () => {
  const named = (output: string) => ({
    ...op('If', 'yes', output, { then_branch: twice, else_branch: bent }),
    name: 'c',
  });
  const { graph, types } = of({
    nodes: [
      op('Relu', 'x', 'c.then.inner'),
      op('Identity', 'c.then.inner', 'a'),
      named('p'),
      named('q'),
      op('Sum', 'p, q, a', 'y'),
    ],
    initializers: { yes: bool([], [1]) },
  });
  assert.deepEqual(opsOf(graph), [
    'Relu(x)',
    'Mul(c.then.inner,c.then.k)',
    'Mul(c.then.inner,c.then.k#2)',
    'Sum(c.then.inner#2,c.then.inner#3,c.then.inner)',
  ]);
  assert.equal(types.size, 7);
});

test('a branch may hand on an outer value and hold another condition', () => {
  const deep = graphOf({ nodes: [op('Relu', 'local', 'z')], outputs: ['z'] });
  const outer = graphOf({
    nodes: [op('Tanh', 'a', 'local'), op('If', 'yes', 'r', { then_branch: deep, else_branch: deep })],
    outputs: ['r', 'a'],
  });
  const { graph } = of({
    nodes: [
      op('Sigmoid', 'x', 'a'),
      op('If', 'yes', 'b, c', { then_branch: outer, else_branch: outer }),
      op('Add', 'b, c', 'y'),
    ],
    initializers: { yes: bool([], [1]) },
  });
  assert.deepEqual(opsOf(graph), ['Sigmoid(x)', 'Tanh(a)', 'Relu(b.then.local)', 'Add(b.then.r.then.z,a)']);
});

test('a condition on the number of axes is resolved, one on the image is refused', () => {
  const branches = { then_branch: twice, else_branch: bent };
  const squeeze = [
    op('Sigmoid', 'x', 'a'),
    op('Shape', 'x', 's'),
    op('Gather', 's, one', 'channels'),
    op('Equal', 'channels, one', 'flag'),
    op('If', 'flag', 'y', branches),
  ];
  assert.deepEqual(opsOf(of({ nodes: squeeze, initializers: { one: int64([], [1]) } }).graph), [
    'Sigmoid(x)',
    'Relu(a)',
    'Identity(y.else.inner)',
  ]);
  const dynamic = [
    op('Sigmoid', 'x', 'a'),
    op('ReduceMax', 'x', 'm', { keepdims: 0 }),
    op('Greater', 'm, zero', 'flag'),
    op('If', 'flag', 'y', branches),
  ];
  assert.throws(() => of({ nodes: dynamic, initializers: { zero: scalar(0) } }), {
    code: 'model-unsupported-op',
    message: /"y" \(If, opset 17\).*depends on the image/,
  });
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

test('pads are explicit, whatever the model says', () => {
  const weights = { w: float32([1, 3, 2, 3], new Float32Array(18)), v: float32([3, 1, 3, 3], new Float32Array(27)) };
  const attributesOf = (node: ReturnType<typeof op>) =>
    Object.fromEntries([...of({ nodes: [node], initializers: weights }).graph.nodes[0]!.attributes]);
  assert.deepEqual(attributesOf(op('Conv', 'x, w', 'y', { auto_pad: 'SAME_UPPER' })), {
    pads: { type: 'ints', value: [0, 1, 1, 1] },
  });
  assert.deepEqual(attributesOf(op('AveragePool', 'x', 'y', { kernel_shape: [2, 2], auto_pad: 'SAME_LOWER' })), {
    kernel_shape: { type: 'ints', value: [2, 2] },
    pads: { type: 'ints', value: [1, 1, 0, 0] },
  });
  assert.deepEqual(attributesOf(op('ConvTranspose', 'x, v', 'y', { strides: [2, 2], output_shape: [8, 8] })), {
    strides: { type: 'ints', value: [2, 2] },
    pads: { type: 'ints', value: [1, 1, 0, 0] },
  });
  // Nothing but output_shape can say this.
  assert.ok('output_shape' in attributesOf(op('ConvTranspose', 'x, v', 'y', { output_shape: [9, 9] })));
});

test('a constant node without an evaluator stays a node with known types', () => {
  const { graph, types } = of({
    nodes: [op('Softmax', 'w', 's'), op('Add', 'x, s', 'y')],
    initializers: { w: float32([4], [1, 2, 3, 4]) },
  });
  assert.deepEqual(opsOf(graph), ['Softmax(w)', 'Add(x,s)']);
  assert.deepEqual(types.get('s'), { dtype: 'float32', dims: [4] });
});

test('sequences of known length are lists of names', () => {
  const initializers = { one: int64([], [1]), last: int64([], [-1]), sizes: ints(1, 2), two: int64([], [2]) };
  const unbind = of({
    nodes: [
      op('SplitToSequence', 'x', 's', { axis: 1, keepdims: 0 }),
      op('SequenceAt', 's, last', 'a'),
      op('SequenceErase', 's, last', 't'),
      op('SequenceInsert', 't, a, one', 'u'),
      op('SequenceLength', 'u', 'n'),
      op('ConcatFromSequence', 'u', 'y', { axis: -1, new_axis: 1 }),
    ],
    initializers,
  });
  assert.deepEqual(
    unbind.graph.nodes.map((node) => node.op),
    ['Split', 'Squeeze', 'Squeeze', 'Squeeze', 'Unsqueeze', 'Unsqueeze', 'Unsqueeze', 'Concat', 'Identity'],
  );
  assert.deepEqual(unbind.types.get('y')!.dims, [2, 4, 4, 3]);
  const concat = unbind.graph.nodes.find((node) => node.op === 'Concat')!;
  const sources = concat.inputs.map((name) => unbind.graph.nodes.find((node) => node.outputs[0] === name)!.inputs[0]);
  assert.deepEqual(sources, ['s.0', 's.2', 's.1']);

  for (const [split, dims] of [
    ['sizes', [2, 2, 4, 4]],
    ['two', [2, 1, 4, 4]],
  ] as const) {
    for (const opset of [11, 17]) {
      const chunk = of({
        nodes: [
          op('SplitToSequence', `x, ${split}`, 's', { axis: 1 }),
          op('SequenceAt', 's, one', 'p'),
          op('Relu', 'p', 'y'),
        ],
        initializers,
        opset,
      });
      assert.deepEqual(chunk.types.get('y')!.dims, dims);
    }
  }
  const listed = of({
    nodes: [
      op('Relu', 'x', 'a'),
      op('SequenceConstruct', 'x, a', 's'),
      op('ConcatFromSequence', 's', 'j', { axis: 1 }),
      op('Tanh', 'j', 'y'),
    ],
  });
  assert.deepEqual(opsOf(listed.graph), ['Relu(x)', 'Concat(x,a)', 'Tanh(j.joined)']);
});

test('a sequence where a tensor belongs is refused', () => {
  const nodes = [op('SequenceConstruct', 'x', 's'), op('Relu', 's', 'y')];
  assert.throws(() => of({ nodes }), { code: 'model-unsupported-op', message: /"y" \(Relu/ });
  const out = [op('SequenceConstruct', 'x', 's'), op('SequenceAt', 's, seven', 'y')];
  assert.throws(() => of({ nodes: out, initializers: { seven: int64([], [7]) } }), { code: 'model-malformed' });
});

test('BatchNormalization in training mode is refused', () => {
  const nodes = [op('BatchNormalization', 'x, s, s, s, s', 'y', { training_mode: 1 })];
  assert.throws(() => of({ nodes, initializers: { s: float32([3], [1, 1, 1]) } }), { message: /training mode/ });
});

const weights = {
  w: float32(
    [2, 3, 3, 2],
    Array.from({ length: 36 }, (_, i) => Math.sin(i)),
  ),
  v: float32(
    [3, 2, 3, 3],
    Array.from({ length: 54 }, (_, i) => Math.cos(i)),
  ),
  yes: bool([], [1]),
  one: int64([], [1]),
  two: int64([], [2]),
};

const rewritten: Readonly<Record<string, readonly Node[]>> = {
  'auto_pad SAME_LOWER': [op('Conv', 'x, w', 'y', { auto_pad: 'SAME_LOWER', strides: [2, 1] })],
  'auto_pad SAME_UPPER of a pool': [
    op('AveragePool', 'x', 'y', {
      kernel_shape: [2, 3],
      auto_pad: 'SAME_UPPER',
      strides: [3, 2],
      count_include_pad: 1,
    }),
  ],
  output_shape: [op('ConvTranspose', 'x, v', 'y', { strides: [2, 2], output_shape: [8, 7], auto_pad: 'SAME_UPPER' })],
  'a resolved condition': [op('Sigmoid', 'x', 'a'), op('If', 'yes', 'y', { then_branch: twice, else_branch: bent })],
  'unbind and stack': [
    op('SplitToSequence', 'x', 's', { axis: 2, keepdims: 0 }),
    op('SequenceErase', 's, one', 't'),
    op('ConcatFromSequence', 't', 'y', { axis: 1, new_axis: 1 }),
  ],
  'an uneven split': [op('SplitToSequence', 'x, two', 's', { axis: 1 }), op('SequenceAt', 's, one', 'y')],
};

for (const [what, nodes] of Object.entries(rewritten)) {
  test(`${what}: the rewritten graph computes what the model computes`, async () => {
    const graph = graphOf({ inputs: [image([2, 3, 4, 4])], nodes, outputs: ['y'], initializers: weights, opset: 16 });
    const x = float32(
      [2, 3, 4, 4],
      Array.from({ length: 96 }, (_, i) => Math.sin(i * i)),
    );
    const fixed = specialise(graph, pixels, ['y']).graph;
    assert.ok(!fixed.nodes.some((node) => /Sequence|If/.test(node.op) || node.attributes.has('auto_pad')));
    const [expected, actual] = [await run(graph, x), await run(fixed, x)];
    assert.deepEqual(actual.dims, expected.dims);
    assert.deepEqual(actual.data, expected.data);
  });
}

async function run(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await createOnnxruntimeEngine({ provider: 'cpu', graphOptimization: 'disabled' }).load(graph);
  try {
    return (await session.run(new Map([['x', x]]))).get('y')!;
  } finally {
    await session.dispose();
  }
}
