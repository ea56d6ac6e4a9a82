import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backward } from '../../../../core/compile/backward/index.js';
import { zeroDerivative } from '../../../../core/compile/backward/zero.js';
import type { Node, Tensor } from '../../../../core/onnx/graph.js';
import { bool, float32, int64, ints, scalar } from '../../../../core/onnx/tensor.js';
import { node, type AttributeValue } from '../../../support/gradient-case.js';
import { gradientGraph } from '../../../support/gradient.js';
import { scanError } from '../../../support/graphs.js';
import { cases } from './cases.js';

describe('the table of rules', () => {
  const tried = new Set(
    cases.flatMap((row) => [row.op, ...row.nodes.map(({ domain, op }) => (domain ? `${domain}.${op}` : op))]),
  );
  /** Straight-through: not a derivative, so no finite difference shows it; tested in quantize.test.ts and e2e/quantised.test.ts. */
  const elsewhere = ['QuantizeLinear', 'DequantizeLinear', 'DynamicQuantizeLinear'];
  for (const op of Object.keys(backward)) {
    test(`${op} has a case`, () => {
      assert.ok(tried.has(op) || elsewhere.includes(op), `add a row for ${op} to a *.cases.ts`);
    });
  }

  test('an op has a rule or a zero derivative, not both', () => {
    assert.deepEqual(
      Object.keys(backward).filter((op) => zeroDerivative.has(op)),
      [],
    );
  });
});

describe('ops with zero derivative', () => {
  /** Each turns x, or a comparison with it, into something that is then read as a number. */
  const toFloat = (from: string): Node => node('Cast', [from], ['y'], { to: 1 });
  const oneInput = [...zeroDerivative].filter((op) =>
    /^(ArgMax|ArgMin|Ceil|Floor|Hardmax|IsInf|IsNaN|Round|Shape|Sign|Size|EyeLike|NonZero)$/.test(op),
  );
  const compared = [...zeroDerivative].filter((op) => /^(Equal|Greater|GreaterOrEqual|Less|LessOrEqual)$/.test(op));
  const logical = [...zeroDerivative].filter((op) => /^(And|Or|Xor)$/.test(op));
  const bitwise = [...zeroDerivative].filter((op) => /^Bitwise(And|Or|Xor)$/.test(op));
  const check = (nodes: readonly Node[], constants: Record<string, Tensor> = {}): void => {
    // Beside a path that has a gradient, to show that the walk goes on.
    const both = [...nodes, node('ReduceSum', ['y'], ['total'], { keepdims: 0 }), node('Add', ['x', 'total'], ['z'])];
    const renamed = both.map((made) => ({
      ...made,
      inputs: made.inputs.map((name) => (name === 'y' ? 'flat' : name)),
      outputs: made.outputs.map((name) => (name === 'y' ? 'flat' : name === 'z' ? 'y' : name)),
    }));
    assert.equal(gradientGraph({ nodes, constants }, backward, [2, 3]), undefined);
    const graph = gradientGraph({ nodes: renamed, constants }, backward, [2, 3])!;
    assert.ok(graph);
    const last = graph.nodes.at(-1)!;
    assert.deepEqual([last.op, last.inputs[0]], ['Expand', 'seed'], 'only the addition passes a gradient');
  };

  for (const op of oneInput.filter((name) => !['NonZero', 'Shape', 'Size', 'EyeLike'].includes(name))) {
    test(op, () => {
      check([node(op, ['x'], ['a']), toFloat('a')]);
    });
  }
  for (const op of compared) {
    test(op, () => {
      check([node(op, ['x', 'zero'], ['a']), toFloat('a')], { zero: scalar(0) });
    });
  }
  for (const op of logical) {
    const above = node('Greater', ['x', 'zero'], ['a']);
    test(op, () => {
      check([above, node(op, ['a', 'mask'], ['b']), toFloat('b')], { zero: scalar(0), mask: bool([3], [1, 0, 1]) });
    });
  }
  for (const op of bitwise) {
    const whole = node('Cast', ['x'], ['a'], { to: 7 });
    test(op, () => {
      check([whole, node(op, ['a', 'bits'], ['b']), toFloat('b')], { bits: int64([], [5]) });
    });
  }
  test('Not', () => {
    check([node('Greater', ['x', 'zero'], ['a']), node('Not', ['a'], ['b']), toFloat('b')], { zero: scalar(0) });
  });
  test('BitwiseNot', () => {
    check([node('Cast', ['x'], ['a'], { to: 7 }), node('BitwiseNot', ['a'], ['b']), toFloat('b')]);
  });
  test('OneHot', () => {
    check([node('ArgMax', ['x'], ['a']), node('OneHot', ['a', 'depth', 'values'], ['y'])], {
      depth: int64([], [3]),
      values: float32([2], [0, 1]),
    });
  });
});

describe('what no rule covers is refused', () => {
  const refused = (
    title: string,
    nodes: readonly Node[],
    pattern: RegExp,
    constants: Record<string, Tensor> = {},
    dims: readonly number[] = [2, 3],
  ): void => {
    test(title, () => {
      assert.throws(
        () => gradientGraph({ nodes, constants }, backward, dims),
        scanError('model-unsupported-op', pattern),
      );
    });
  };
  const chain = (op: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): Node[] => [
    { ...node(op, inputs, ['y'], attributes), name: 'culprit' },
  ];

  refused(
    'an op without a rule names op, opset, node and the file to add',
    chain('Det', ['x']),
    /operator Det \(opset 21\) of node 'culprit' .* core\/compile\/backward\/det\.ts/,
    {},
    [3, 3],
  );
  refused(
    'weights of a transposed convolution that depend on the image',
    chain('ConvTranspose', ['x', 'x']),
    /ConvTranspose of node 'culprit' .* input 1 \('x'\)/,
    {},
    [3, 3, 2, 2],
  );
  refused('a bound that depends on the image', chain('Clip', ['x', 'x']), /input 1 \('x'\)/, {}, []);
  refused(
    'a scale that depends on the image',
    [node('ReduceMean', ['x', 'first'], ['scale'], { keepdims: 0 }), ...chain('LayerNormalization', ['x', 'scale'])],
    /LayerNormalization of node 'culprit' .* input 1 \('scale'\)/,
    { first: ints(0) },
  );
  refused(
    'the mean of a LayerNormalization as an output',
    [{ ...node('LayerNormalization', ['x', 'scale'], ['normal', 'y']), name: 'culprit' }],
    /its mean or deviation/,
    { scale: float32([3], [1, 1, 1]) },
  );
  refused(
    'indices that depend on the image',
    [node('Cast', ['x'], ['places'], { to: 7 }), ...chain('GatherElements', ['x', 'places'], { axis: 1 })],
    /indices that depend on the image/,
  );
  refused('ScatterND with mul', chain('ScatterND', ['x', 'places', 'x'], { reduction: 'mul' }), /reduction 'mul'/, {
    places: int64([2, 1], [0, 1]),
  });
  refused(
    'crops by a box',
    chain('Resize', ['x', 'box', 'scales'], { coordinate_transformation_mode: 'tf_crop_and_resize' }),
    /tf_crop_and_resize/,
    {
      box: float32([4], [0, 0, 1, 1]),
      scales: float32([2], [2, 2]),
    },
  );
  refused(
    'a policy for the aspect ratio',
    chain('Resize', ['x', '', '', 'sizes'], { keep_aspect_ratio_policy: 'not_larger' }),
    /not_larger/,
    {
      sizes: ints(4, 4),
    },
  );
  refused(
    'a map too large for a matrix',
    chain('Pad', ['x', 'pads'], { mode: 'reflect' }),
    /8000 to 8002 elements/,
    { pads: ints(1, 1) },
    [8000],
  );
  refused(
    'a quantised model names the way out',
    [
      node('DynamicQuantizeLinear', ['x'], ['q', 's', 'z']),
      node('MatMulInteger', ['q', 'w', 'z'], ['product']),
      toFloatNode('product', 'float'),
      node('Mul', ['float', 's'], ['y']),
    ],
    /is quantised, .* scan the float model/,
    { w: { dtype: 'uint8', dims: [3, 4], data: new Uint8Array(12) } },
  );
  refused(
    'an op that only quantised models have',
    [
      node('QuantizeLinear', ['x', 's', 'z'], ['q']),
      node('com.microsoft.QLinearAdd', ['q', 's', 'z', 'q', 's', 'z', 's', 'z'], ['sum']),
      node('DequantizeLinear', ['sum', 's', 'z'], ['y']),
    ],
    /QLinearAdd.* is quantised, .* scan the float model/,
    { s: scalar(0.1), z: { dtype: 'uint8', dims: [], data: new Uint8Array(1) } },
  );
  refused(
    'a recurrent network',
    [node('GRU', ['x', 'w', 'r'], ['y'], { hidden_size: 2 })],
    /GRU .* only feed-forward image classifiers/,
    { w: float32([1, 6, 3], new Float32Array(18)), r: float32([1, 6, 2], new Float32Array(12)) },
    [4, 1, 3],
  );
  refused(
    'an LSTM whose sequences differ in length',
    [node('LSTM', ['x', 'w', 'r', '', 'lengths'], ['y'], { hidden_size: 2 })],
    /LSTM .* without sequence lengths/,
    {
      w: float32([1, 8, 3], new Float32Array(24)),
      r: float32([1, 8, 2], new Float32Array(16)),
      lengths: { dtype: 'int32', dims: [1], data: Int32Array.of(2) },
    },
    [4, 1, 3],
  );
  refused(
    'a network of integers between QuantizeLinear and DequantizeLinear',
    [
      node('QuantizeLinear', ['x', 's', 'z'], ['q']),
      node('QLinearMatMul', ['q', 's', 'z', 'w', 's', 'z', 's', 'z'], ['product']),
      node('DequantizeLinear', ['product', 's', 'z'], ['y']),
    ],
    /QLinearMatMul .* is quantised, .* scan the float model/,
    {
      s: scalar(0.1),
      z: { dtype: 'uint8', dims: [], data: new Uint8Array(1) },
      w: { dtype: 'uint8', dims: [3, 4], data: new Uint8Array(12) },
    },
  );
});

function toFloatNode(from: string, to: string): Node {
  return node('Cast', [from], [to], { to: 1 });
}
