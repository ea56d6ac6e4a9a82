import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BackwardTable } from '../../../core/compile/backward/rule.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import { float32, ints, scalar, sizeOf } from '../../../core/onnx/tensor.js';
import { saliencyRules } from '../../../core/saliency/index.js';
import { node, type AttributeValue } from '../../support/gradient-case.js';
import { gradientOf, type SmallModel } from '../../support/gradient.js';
import { newRandom } from '../../support/random.js';

const { vanilla, guided, rectified } = saliencyRules;
const values = [-4, -2, -0.5, 0, 0.5, 2, 4, 7];
const x = float32([1, values.length], values);
/** One class with positive, one with negative, one with mixed gradients. */
const seeds = [1, -1, 0].flatMap((sign) => values.map((_, i) => (sign || (i % 2 ? 1 : -1)) * (i + 1)));
const seed = float32([3, 1, values.length], seeds);
const clippedSeed = float32(
  [3, 1, values.length],
  seeds.map((value) => Math.max(value, 0)),
);

const of = (model: SmallModel, table: BackwardTable, dY = seed): Promise<number[]> => gradientOf(model, table, x, dY);
const close = (found: readonly number[], expected: readonly number[], what = ''): void => {
  assert.equal(found.length, expected.length, what);
  found.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-4, `${what} element ${i}: ${value}, expected ${expected[i]}`);
  });
};
/** [K, 1, n] seeds times a factor per element. */
const times = (dY: Tensor, factor: readonly number[]): number[] =>
  Array.from(dY.data as Float32Array, (value, i) => value * factor[i % factor.length]!);

const model = (
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
const kinks: readonly (readonly [title: string, model: SmallModel, derivative: readonly number[]])[] = [
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

describe('at an activation with a kink at zero', () => {
  for (const [title, written, derivative] of kinks) {
    test(`${title}: vanilla is the derivative`, async () => {
      close(await of(written, vanilla), times(seed, derivative));
    });
    test(`${title}: guided clips the gradient first`, async () => {
      close(await of(written, guided), times(clippedSeed, derivative));
    });
    test(`${title}: rectified clips the gradient and ignores the forward value`, async () => {
      close(await of(written, rectified), times(clippedSeed, [1]));
    });
  }
});

const half = scalar(0.5);
/** Activations without a kink, as one node and as exporters spell them out. */
const smooth: Readonly<Record<string, SmallModel>> = {
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

describe('at an activation without a kink', () => {
  for (const [title, written] of Object.entries(smooth)) {
    test(`${title}: guided and rectified clip the gradient once, at the end of the activation`, async () => {
      const expected = await of(written, vanilla, clippedSeed);
      close(await of(written, guided), expected, 'guided');
      close(await of(written, rectified), expected, 'rectified');
    });
  }
});

describe('what is no activation keeps its derivative', () => {
  const ordinary: Readonly<Record<string, SmallModel>> = {
    Sigmoid: model('Sigmoid'),
    HardSigmoid: model('HardSigmoid'),
    Softmax: model('Softmax'),
    'a hard-sigmoid by Clip': {
      nodes: [
        node('Add', ['x', 'three'], ['a']),
        node('Clip', ['a', 'zero', 'six'], ['b']),
        node('Div', ['b', 'six'], ['y']),
      ],
      constants: { three: scalar(3), zero: scalar(0), six: scalar(6) },
    },
    'a clip that does not start at 0': model('Clip', {}, { low: scalar(-1), high: scalar(1) }),
    'a square': { nodes: [node('Mul', ['x', 'x'], ['y'])] },
    'a polynomial': {
      nodes: [node('Add', ['x', 'one'], ['a']), node('Mul', ['x', 'a'], ['y'])],
      constants: { one: scalar(1) },
    },
    'squeeze and excitation': {
      nodes: [
        node('Reshape', ['x', 'shape'], ['image']),
        node('GlobalAveragePool', ['image'], ['pooled']),
        node('Conv', ['pooled', 'w'], ['mixed']),
        node('Sigmoid', ['mixed'], ['gate']),
        node('Mul', ['image', 'gate'], ['scaled']),
        node('Reshape', ['scaled', 'flat'], ['y']),
      ],
      constants: {
        shape: ints(1, 2, 2, 2),
        flat: ints(1, 8),
        w: float32([2, 2, 1, 1], [1, -1, 0.5, 1]),
      },
    },
    'a gate over channels by a matrix product': {
      nodes: [node('MatMul', ['x', 'w'], ['a']), node('Sigmoid', ['a'], ['g']), node('Mul', ['g', 'x'], ['y'])],
      constants: {
        w: float32(
          [8, 8],
          Array.from({ length: 64 }, (_, i) => Math.sin(i)),
        ),
      },
    },
  };
  for (const [title, written] of Object.entries(ordinary)) {
    test(title, async () => {
      const expected = await of(written, vanilla);
      close(await of(written, guided), expected, 'guided');
      close(await of(written, rectified), expected, 'rectified');
    });
  }
});

test('a ReLU that is called twice is one node: its two gradients are added before the clip', async () => {
  const twice: SmallModel = {
    nodes: [node('Relu', ['x'], ['r']), node('Mul', ['r', 'minus'], ['a']), node('Add', ['r', 'a'], ['y'])],
    constants: { minus: scalar(-3) },
  };
  const doubled = times(seed, [-2]).map((value) => Math.max(value, 0));
  close(await of(twice, rectified), doubled);
});

test('where all gradients are positive and all ReLUs open, the three rules agree', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 3 }), async (entropy, images) => {
      const random = newRandom(entropy);
      const positive = (...dims: number[]): Tensor =>
        float32(
          dims,
          Array.from({ length: sizeOf(dims) }, () => random.uniform(0.1, 1)),
        );
      const network: SmallModel = {
        nodes: [
          node('Conv', ['x', 'w1', 'b1'], ['c1'], { pads: [1, 1, 1, 1] }),
          node('Relu', ['c1'], ['r1']),
          node('MaxPool', ['r1'], ['p1'], { kernel_shape: [2, 2], strides: [2, 2] }),
          node('Conv', ['p1', 'w2'], ['c2']),
          node('LeakyRelu', ['c2'], ['r2']),
          node('GlobalAveragePool', ['r2'], ['p2']),
          node('Flatten', ['p2'], ['flat']),
          node('Clip', ['flat', 'zero'], ['r3']),
          node('Gemm', ['r3', 'w3', 'b3'], ['y'], { transB: 1 }),
        ],
        constants: {
          w1: positive(4, 3, 3, 3),
          b1: positive(4),
          w2: positive(5, 4, 2, 2),
          w3: positive(3, 5),
          b3: positive(3),
          zero: scalar(0),
        },
      };
      const image = positive(images, 3, 6, 6);
      const classes = float32([3, 1, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]);
      const plain = await gradientOf(network, vanilla, image, classes);
      assert.ok(plain.some((value) => value > 0));
      assert.deepEqual(await gradientOf(network, guided, image, classes), plain);
      assert.deepEqual(await gradientOf(network, rectified, image, classes), plain);
    }),
    { numRuns: 15 },
  );
});

test('guided and rectified gradients behind the last activation are never negative', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (entropy) => {
      const random = newRandom(entropy);
      const any = (...dims: number[]): Tensor =>
        float32(
          dims,
          Array.from({ length: sizeOf(dims) }, () => random.uniform(-1, 1)),
        );
      const network: SmallModel = {
        nodes: [
          node('Relu', ['x'], ['r']),
          node('Gemm', ['r', 'w'], ['h']),
          node('Relu', ['h'], ['s']),
          node('Gemm', ['s', 'v'], ['y']),
        ],
        constants: { w: any(5, 6), v: any(6, 3) },
      };
      const image = any(2, 5);
      for (const table of [guided, rectified]) {
        const found = await gradientOf(network, table, image, any(4, 1, 3));
        assert.ok(found.every((value) => value >= 0));
      }
    }),
    { numRuns: 15 },
  );
});
