import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { BackwardTable } from '../../../core/compile/backward/rule.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import { float32, ints, scalar, sizeOf } from '../../../core/onnx/tensor.js';
import { saliencyRules } from '../../../core/saliency/index.js';
import { node } from '../../support/gradient-case.js';
import { gradientOf, type SmallModel } from '../../support/gradient.js';
import { newRandom } from '../../support/random.js';
import { kinks, model, smooth, values } from './activations.cases.js';

const { vanilla, guided, rectified } = saliencyRules;
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
