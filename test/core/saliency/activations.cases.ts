import type { Tensor } from '../../../core/onnx/graph.js';
import { float32, ints, scalar } from '../../../core/onnx/tensor.js';
import { node, type AttributeValue } from '../../support/gradient-case.js';
import type { SmallModel } from '../../support/gradient.js';

/** The image: on both sides of every kink, and on the kink at zero. */
export const values = [-4, -2, -0.5, 0, 0.5, 2, 4, 7];

/** One node that reads x and constants. */
export const model = (
  op: string,
  attributes: Record<string, AttributeValue> = {},
  constants: Record<string, Tensor> = {},
): SmallModel => ({
  nodes: [node(op, ['x', ...Object.keys(constants)], ['y'], attributes)],
  constants,
});
const open = values.map((value) => (value > 0 ? 1 : 0));
const open6 = values.map((value) => (value > 0 && value < 6 ? 1 : 0));
const leaky = values.map((value) => (value > 0 ? 1 : 0.25));
const quarter = { alpha: { float: 0.25 } };

const identity = float32(
  [8, 8],
  Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)),
);

/** Every way to write an activation with a kink at zero, and its derivative. */
export const kinks: readonly (readonly [title: string, model: SmallModel, derivative: readonly number[]])[] = [
  ['Relu', model('Relu'), open],
  ['LeakyRelu', model('LeakyRelu', quarter), leaky],
  ['PRelu', model('PRelu', {}, { slope: scalar(0.25) }), leaky],
  ['ThresholdedRelu', model('ThresholdedRelu', { alpha: { float: 0 } }), open],
  ['Clip at 0', model('Clip', {}, { low: scalar(0) }), open],
  ['Clip at 0 and 6', model('Clip', {}, { low: scalar(0), high: scalar(6) }), open6],
  ['Clip of opset 6', { ...model('Clip', { min: { float: 0 }, max: { float: 6 } }), opset: 9 }, open6],
  ['Max with 0', model('Max', {}, { zero: scalar(0) }), open],
  [
    'Max with zeros',
    model(
      'Max',
      {},
      {
        zero: float32(
          [values.length],
          values.map(() => 0),
        ),
      },
    ),
    open,
  ],
  [
    'Min of Max, as some exporters write ReLU6',
    {
      nodes: [node('Max', ['zero', 'x'], ['m']), node('Min', ['m', 'six'], ['y'])],
      constants: { zero: scalar(0), six: scalar(6) },
    },
    open6,
  ],
  [
    'a ReLU fused into a matrix product',
    {
      nodes: [node('com.microsoft.FusedGemm', ['x', 'identity'], ['y'], { activation: 'Relu' })],
      constants: { identity },
    },
    open,
  ],
  [
    'a LeakyReLU fused into a convolution',
    {
      nodes: [
        node('Reshape', ['x', 'image'], ['a']),
        node('com.microsoft.FusedConv', ['a', 'w'], ['b'], {
          activation: 'LeakyRelu',
          activation_params: { floats: [0.25] },
        }),
        node('Flatten', ['b'], ['y']),
      ],
      constants: { image: ints(1, 1, 2, 4), w: float32([1, 1, 1, 1], [1]) },
    },
    leaky,
  ],
  [
    'Relu then Min',
    { nodes: [node('Relu', ['x'], ['m']), node('Min', ['m', 'six'], ['y'])], constants: { six: scalar(6) } },
    open6,
  ],
  [
    'Relu then Clip',
    {
      nodes: [node('Relu', ['x'], ['m']), node('Clip', ['m', 'zero', 'six'], ['y'])],
      constants: { zero: scalar(0), six: scalar(6) },
    },
    open6,
  ],
];

const half = scalar(0.5);
/** Activations without a kink, as one node and as exporters spell them out. */
export const smooth: Readonly<Record<string, SmallModel>> = {
  Elu: model('Elu'),
  Celu: model('Celu'),
  Selu: model('Selu'),
  Softplus: model('Softplus'),
  Softsign: model('Softsign'),
  Tanh: model('Tanh'),
  Mish: model('Mish'),
  HardSwish: model('HardSwish'),
  Gelu: model('Gelu'),
  'Gelu, tanh': model('Gelu', { approximate: 'tanh' }),
  'Gelu of com.microsoft': model('com.microsoft.Gelu'),
  'SiLU in two nodes': { nodes: [node('Sigmoid', ['x'], ['s']), node('Mul', ['x', 's'], ['y'])] },
  'SiLU, gate first': { nodes: [node('Sigmoid', ['x'], ['s']), node('Mul', ['s', 'x'], ['y'])] },
  'SiLU with a factor': {
    nodes: [node('Mul', ['x', 'beta'], ['b']), node('Sigmoid', ['b'], ['s']), node('Mul', ['x', 's'], ['y'])],
    constants: { beta: scalar(1.702) },
  },
  'hard-swish by HardSigmoid': {
    nodes: [
      node('HardSigmoid', ['x'], ['s'], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
      node('Mul', ['x', 's'], ['y']),
    ],
  },
  'hard-swish by Clip, divided last': {
    nodes: [
      node('Add', ['x', 'three'], ['a']),
      node('Clip', ['a', 'zero', 'six'], ['b']),
      node('Mul', ['x', 'b'], ['c']),
      node('Div', ['c', 'six'], ['y']),
    ],
    constants: { three: scalar(3), zero: scalar(0), six: scalar(6) },
  },
  'hard-swish by Clip, divided first': {
    nodes: [
      node('Add', ['x', 'three'], ['a']),
      node('Clip', ['a', 'zero', 'six'], ['b']),
      node('Div', ['b', 'six'], ['c']),
      node('Mul', ['x', 'c'], ['y']),
    ],
    constants: { three: scalar(3), zero: scalar(0), six: scalar(6) },
  },
  'hard-swish by Min and Max': {
    nodes: [
      node('Add', ['x', 'three'], ['a']),
      node('Max', ['a', 'zero'], ['b']),
      node('Min', ['b', 'six'], ['c']),
      node('Mul', ['c', 'sixth'], ['d']),
      node('Mul', ['x', 'd'], ['y']),
    ],
    constants: { three: scalar(3), zero: scalar(0), six: scalar(6), sixth: scalar(1 / 6) },
  },
  'hard-swish by Relu and Min': {
    nodes: [
      node('Add', ['three', 'x'], ['a']),
      node('Relu', ['a'], ['b']),
      node('Min', ['b', 'six'], ['c']),
      node('Mul', ['x', 'c'], ['d']),
      node('Mul', ['d', 'sixth'], ['y']),
    ],
    constants: { three: scalar(3), six: scalar(6), sixth: scalar(1 / 6) },
  },
  'Mish in several nodes': {
    nodes: [node('Softplus', ['x'], ['p']), node('Tanh', ['p'], ['t']), node('Mul', ['x', 't'], ['y'])],
  },
  'GELU by Erf': {
    nodes: [
      node('Div', ['x', 'root'], ['a']),
      node('Erf', ['a'], ['b']),
      node('Add', ['b', 'one'], ['c']),
      node('Mul', ['x', 'c'], ['d']),
      node('Mul', ['d', 'half'], ['y']),
    ],
    constants: { root: scalar(Math.SQRT2), one: scalar(1), half },
  },
  'GELU by Erf, halved first': {
    nodes: [
      node('Mul', ['x', 'half'], ['h']),
      node('Mul', ['x', 'root'], ['a']),
      node('Erf', ['a'], ['b']),
      node('Add', ['b', 'one'], ['c']),
      node('Mul', ['h', 'c'], ['y']),
    ],
    constants: { root: scalar(Math.SQRT1_2), one: scalar(1), half },
  },
  'GELU by Tanh': {
    nodes: [
      node('Pow', ['x', 'three'], ['cube']),
      node('Mul', ['cube', 'k'], ['scaled']),
      node('Add', ['x', 'scaled'], ['sum']),
      node('Mul', ['sum', 'root'], ['inner']),
      node('Tanh', ['inner'], ['t']),
      node('Add', ['t', 'one'], ['c']),
      node('Mul', ['x', 'half'], ['h']),
      node('Mul', ['h', 'c'], ['y']),
    ],
    constants: { three: scalar(3), k: scalar(0.044715), root: scalar(Math.sqrt(2 / Math.PI)), one: scalar(1), half },
  },
  'GELU by Tanh, the cube as products': {
    nodes: [
      node('Mul', ['x', 'x'], ['square']),
      node('Mul', ['square', 'x'], ['cube']),
      node('Mul', ['cube', 'k'], ['scaled']),
      node('Add', ['x', 'scaled'], ['sum']),
      node('Mul', ['sum', 'root'], ['inner']),
      node('Tanh', ['inner'], ['t']),
      node('Add', ['t', 'one'], ['c']),
      node('Mul', ['c', 'half'], ['h']),
      node('Mul', ['x', 'h'], ['y']),
    ],
    constants: { k: scalar(0.044715), root: scalar(Math.sqrt(2 / Math.PI)), one: scalar(1), half },
  },
};
