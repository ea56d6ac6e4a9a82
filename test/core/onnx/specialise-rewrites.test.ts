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
