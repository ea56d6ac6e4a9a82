import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disagreement } from '../../../adapters/engines/onnxruntime/disagreement.js';
import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import { float32 } from '../../../core/onnx/tensor.js';
import type { EngineSession } from '../../../core/ports/engine.js';
import { graph, node } from '../../contract/engine/program.js';

const feeds = new Map([
  [
    'x',
    float32(
      [200],
      Float32Array.from({ length: 200 }, (_, i) => 0.1 + ((i * 37) % 200) / 250),
    ),
  ],
]);

test('one value in a hundred may differ, as where activations are nearly tied, and no more', async () => {
  const wrongIn = (count: number) =>
    judged(
      (x) => x,
      (x, i) => (i < count ? -x : x),
    );
  assert.equal(await wrongIn(0), undefined);
  assert.equal(await wrongIn(2), undefined);
  assert.match((await wrongIn(3))!, /^2 % of output 'y' differ by more than 0\.009.*, where the largest is 0\.9/);
});

test('a difference of a hundredth of the largest is none', async () => {
  assert.equal(
    await judged(
      (x) => x,
      (x) => x + 0.008,
    ),
    undefined,
  );
  assert.match(
    (await judged(
      (x) => x,
      (x) => x + 0.02,
    ))!,
    /^100 % of output 'y'/,
  );
});

test('a gradient that is zero but for rounding errors is held to their size', async () => {
  // The gradient of a million times the sum of Softmax: 1e6 s (1 - sum of s).
  const program = graph({
    inputs: [['x', 'float32', [200]]],
    outputs: [['y', 'float32']],
    nodes: [
      node('Softmax', ['x'], ['s']),
      node('ReduceSum', ['s'], ['sum'], { keepdims: 1 }),
      node('Sub', ['one', 'sum'], ['rest']),
      node('Mul', ['s', 'rest'], ['unit']),
      node('Mul', ['unit', 'million'], ['y']),
    ],
    initializers: { one: float32([1], [1]), million: float32([1], [1e6]) },
  });
  const cpu = await createOnnxruntimeEngine({ provider: 'cpu' }).load(program);
  try {
    const found = (rest: number): Promise<string | undefined> =>
      disagreement(new Map([['y', float32([200], new Array<number>(200).fill((1e6 * rest) / 200))]]), feeds, cpu);
    for (const rest of [0, 1e-7, -3e-7]) assert.equal(await found(rest), undefined);
    // One of 200 terms left out.
    assert.match((await found(1 / 200))!, /^100 % of output 'y' differ/);
  } finally {
    await cpu.dispose();
  }
});

test('numbers that an ulp changes by less than half are judged as all others', async () => {
  const { data } = feeds.get('x')!;
  const tied = (x: number, i: number): number => (i % 20 === 0 && x > (data[i] as number) ? x + 0.3 : x);
  assert.match((await judged(tied, (x) => x + 0.1))!, /^100 % of output 'y'/);
});

test('where the CPU gives zeros however the inputs move, a millionth is none', async () => {
  assert.equal(
    await judged(
      () => 0,
      () => -1e-8,
    ),
    undefined,
  );
  assert.match(
    (await judged(
      () => 0,
      () => 1e-5,
    ))!,
    /^100 %/,
  );
});

test('an infinity or what is no number has to be one on both sides, and says nothing of the others', async () => {
  const odd = (x: number, i: number): number => (i % 40 === 0 ? Infinity : i % 40 === 1 ? NaN : x);
  assert.equal(await judged(odd, odd), undefined);
  assert.match((await judged(odd, (x, i) => (i % 40 > 1 ? x + 1 : odd(x, i))))!, /^95 %/);
  assert.match((await judged(odd, (x) => x))!, /^5 %/);
  assert.match(
    (await judged(
      (x) => x,
      () => NaN,
    ))!,
    /^100 %/,
  );
});

test('another shape is refused, also with the same values', async () => {
  const cpu = session((x) => x);
  const y = feeds.get('x')!;
  assert.equal(
    await disagreement(new Map([['y', { ...y, dims: [100, 2] }]]), feeds, cpu),
    "output 'y' is [100,2], not [200]",
  );
});

test('inputs that are no floats are not moved', async () => {
  const indices: Tensor = { dtype: 'int64', dims: [1], data: BigInt64Array.of(3n) };
  const cpu: EngineSession = {
    run: (given) => {
      assert.deepEqual(given.get('indices'), indices);
      return Promise.resolve(new Map([['y', float32([1], [1])]]));
    },
    dispose: () => Promise.resolve(),
  };
  const problem = await disagreement(new Map([['y', float32([1], [2])]]), new Map([['indices', indices]]), cpu);
  assert.match(problem!, /^100 %/);
});

type Formula = (x: number, index: number) => number;

/** What is said of a device that computes `device` of the input where the CPU computes `cpu`. */
async function judged(cpu: Formula, device: Formula): Promise<string | undefined> {
  const found = await session(device).run(feeds);
  return disagreement(found, feeds, session(cpu));
}

function session(formula: Formula): EngineSession {
  return {
    run: (given) => {
      const { dims, data } = given.get('x')!;
      return Promise.resolve(new Map([['y', float32(dims, Array.from(data as Float32Array, formula))]]));
    },
    dispose: () => Promise.resolve(),
  };
}
