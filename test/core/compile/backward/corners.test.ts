import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createTfjsEngine } from '../../../../adapters/engines/tfjs/index.js';
import { backward } from '../../../../core/compile/backward/index.js';
import { float32, sizeOf } from '../../../../core/onnx/tensor.js';
import { node } from '../../../support/gradient-case.js';
import { gradientGraph, gradientOf } from '../../../support/gradient.js';
import { newRandom, type Random } from '../../../support/random.js';

/** One spatial axis of a window. */
interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly behind: number;
}

const axis: fc.Arbitrary<Axis> = fc
  .record({
    size: fc.integer({ min: 1, max: 7 }),
    kernel: fc.integer({ min: 1, max: 4 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: 0, max: 3 }),
    behind: fc.integer({ min: 0, max: 3 }),
  })
  .filter((a) => outputOf(a) >= 1);

const outputOf = ({ size, kernel, stride, dilation, before, behind }: Axis): number =>
  Math.floor((size + before + behind - (kernel - 1) * dilation - 1) / stride) + 1;

const attributesOf = (axes: readonly Axis[]) => ({
  kernel_shape: axes.map((a) => a.kernel),
  strides: axes.map((a) => a.stride),
  dilations: axes.map((a) => a.dilation),
  pads: [...axes.map((a) => a.before), ...axes.map((a) => a.behind)],
});

/** Whole numbers, so that sums are exact in any order. */
const whole = (random: Random, dims: readonly number[], below: number): ReturnType<typeof float32> =>
  float32(
    dims,
    Array.from({ length: sizeOf(dims) }, () => random.below(below)),
  );

/** Every (output, tap) of a 2-D window with the input element it reads, undefined in the padding. */
function* reads(axes: readonly [Axis, Axis]): Generator<{ output: number; tap: number; input: number | undefined }> {
  const [rows, columns] = axes;
  const [height, width] = [outputOf(rows), outputOf(columns)];
  for (let output = 0; output < height * width; output++)
    for (let tap = 0; tap < rows.kernel * columns.kernel; tap++) {
      const place = (a: Axis, o: number, k: number): number => o * a.stride + k * a.dilation - a.before;
      const y = place(rows, Math.floor(output / width), Math.floor(tap / columns.kernel));
      const x = place(columns, output % width, tap % columns.kernel);
      const inside = y >= 0 && y < rows.size && x >= 0 && x < columns.size;
      yield { output, tap, input: inside ? y * columns.size + x : undefined };
    }
}

describe('windows of any geometry', () => {
  test('a max pool sends the gradient to the first of equal maxima', async () => {
    const geometry = fc
      .tuple(axis, axis)
      .filter((axes) => axes.every((a) => a.before < a.kernel && a.behind < a.kernel));
    await fc.assert(
      fc.asyncProperty(geometry, fc.nat(), fc.integer({ min: 1, max: 2 }), async (axes, seed, images) => {
        const random = newRandom(seed);
        const [height, width] = axes.map((a) => a.size) as [number, number];
        const [places, outputs] = [height * width, outputOf(axes[0]) * outputOf(axes[1])];
        const x = whole(random, [images, 2, height, width], 3);
        const dY = whole(random, [2, 1, 2, outputOf(axes[0]), outputOf(axes[1])], 50);
        const expected = new Float32Array(2 * x.data.length);
        for (let plane = 0; plane < images * 2; plane++) {
          const best = new Map<number, number>();
          for (const { output, input } of reads(axes)) {
            if (input === undefined) continue;
            const known = best.get(output);
            const value = x.data[plane * places + input]!;
            if (known === undefined || value > x.data[plane * places + known]!) best.set(output, input);
          }
          for (const [output, input] of best)
            for (const k of [0, 1]) {
              // The seed is the same for all images.
              expected[k * x.data.length + plane * places + input]! += Number(
                dY.data[(k * 2 + (plane % 2)) * outputs + output],
              );
            }
        }
        const pool = node('MaxPool', ['x'], ['y'], attributesOf(axes));
        assert.deepEqual(await gradientOf({ nodes: [pool] }, backward, x, dY), [...expected]);
      }),
      { numRuns: 60 },
    );
  });

  test('a convolution sends the gradient back through every weight it used', async () => {
    const channels = fc.constantFrom([2, 3, 1], [8, 3, 1], [4, 6, 2], [8, 8, 8], [8, 16, 8], [3, 3, 3], [16, 4, 2]);
    await fc.assert(
      fc.asyncProperty(fc.tuple(axis, axis), channels, fc.nat(), async (axes, [inputs, filters, group], seed) => {
        const random = newRandom(seed);
        const [perGroup, rows] = [inputs / group, filters / group];
        const x = whole(random, [2, inputs, axes[0].size, axes[1].size], 9);
        const weight = whole(random, [filters, perGroup, axes[0].kernel, axes[1].kernel], 9);
        const dY = whole(random, [2, 1, filters, outputOf(axes[0]), outputOf(axes[1])], 9);
        const [places, outputs] = [axes[0].size * axes[1].size, outputOf(axes[0]) * outputOf(axes[1])];
        const taps = axes[0].kernel * axes[1].kernel;
        const single = new Float32Array(2 * inputs * places);
        const used = [...reads(axes)];
        for (const k of [0, 1])
          for (let filter = 0; filter < filters; filter++)
            for (let channel = 0; channel < perGroup; channel++) {
              const input = Math.floor(filter / rows) * perGroup + channel;
              for (const read of used) {
                if (read.input === undefined) continue;
                single[(k * inputs + input) * places + read.input]! +=
                  Number(weight.data[(filter * perGroup + channel) * taps + read.tap]) *
                  Number(dY.data[(k * filters + filter) * outputs + read.output]);
              }
            }
        // The gradient does not depend on the image.
        const half = single.length / 2;
        const expected = [0, 0, 1, 1].flatMap((k) => [...single.subarray(k * half, (k + 1) * half)]);
        const conv = node('Conv', ['x', 'w'], ['y'], { ...attributesOf(axes), group: group });
        const found = await gradientOf({ nodes: [conv], constants: { w: weight } }, backward, x, dY);
        assert.deepEqual(found, expected);
      }),
      { numRuns: 120 },
    );
  });
});

test('SpaceToDepth of opset 28 in CRD mode, which ONNX Runtime 1.30 does not have, sends every element back', async () => {
  const [blocksize, channels, height, width] = [2, 2, 4, 6];
  const nodes = [node('SpaceToDepth', ['x'], ['y'], { blocksize, mode: 'CRD' })];
  const dims = [1, channels, height, width];
  const seed = whole(newRandom(1), [1, 1, channels * 4, height / 2, width / 2], 100);
  const session = await createTfjsEngine({ provider: 'cpu' }).load(
    gradientGraph({ nodes, opset: 28 }, backward, dims, seed.dims.slice(1))!,
  );
  const x = whole(newRandom(2), dims, 100);
  const feeds = new Map([
    ['x', x],
    ['seed', seed],
  ]);
  const [gradient] = [...(await session.run(feeds)).values()];
  await session.dispose();
  const expected = Array.from({ length: x.data.length }, (_, place) => {
    const [column, row, channel] = [
      place % width,
      Math.floor(place / width) % height,
      Math.floor(place / width / height),
    ];
    const depth = channel * 4 + (row % 2) * 2 + (column % 2);
    return seed.data[(depth * (height / 2) + Math.floor(row / 2)) * (width / 2) + Math.floor(column / 2)]!;
  });
  assert.deepEqual([...(gradient!.data as Float32Array)], expected);
});

describe('where a derivative is infinite', () => {
  test('Sqrt and roots pass nothing at zero, instead of NaN', async () => {
    const half = { half: float32([], [0.5]) };
    const [zero, seed] = [float32([1, 2], [0, 4]), float32([1, 1, 2], [1, 1])];
    assert.deepEqual(await gradientOf({ nodes: [node('Sqrt', ['x'], ['y'])] }, backward, zero, seed), [0, 0.25]);
    const root = node('Pow', ['x', 'half'], ['y']);
    assert.deepEqual(await gradientOf({ nodes: [root], constants: half }, backward, zero, seed), [0, 0.25]);
  });
});

describe('ties', () => {
  test('a global max pool picks the first maximum', async () => {
    const x = float32([1, 1, 2, 3], [0, 2, 1, 2, 2, 0]);
    const pool = node('GlobalMaxPool', ['x'], ['y']);
    const found = await gradientOf({ nodes: [pool] }, backward, x, float32([1, 1, 1, 1, 1], [1]));
    assert.deepEqual(found, [0, 1, 0, 0, 0, 0]);
  });

  test('ReduceMax and ReduceMin pick the first in row-major order', async () => {
    const x = float32([1, 2, 3], [3, 1, 3, 1, 3, 1]);
    const found = (op: string, axis: bigint) =>
      gradientOf(
        {
          nodes: [node(op, ['x', 'axes'], ['r'], { keepdims: 1 }), node('Flatten', ['r'], ['y'])],
          constants: { axes: { dtype: 'int64', dims: [1], data: BigInt64Array.of(axis) } },
        },
        backward,
        x,
        float32(axis === 1n ? [1, 1, 3] : [1, 1, 2], axis === 1n ? [1, 2, 3] : [1, 2]),
      );
    assert.deepEqual(await found('ReduceMax', 2n), [1, 0, 0, 0, 2, 0]);
    assert.deepEqual(await found('ReduceMax', 1n), [1, 0, 3, 0, 2, 0]);
    assert.deepEqual(await found('ReduceMin', 2n), [0, 1, 0, 2, 0, 0]);
  });

  test('the largest of several maps shares among equal ones, as maximum does in PyTorch', async () => {
    const nodes = [node('Neg', ['x'], ['a']), node('Max', ['x', 'a'], ['y'])];
    const found = await gradientOf({ nodes }, backward, float32([1, 3], [0, 2, -1]), float32([1, 1, 3], [1, 1, 1]));
    assert.deepEqual(found, [0, 1, -1]);
    const twice = [node('Abs', ['x'], ['a']), node('Max', ['x', 'a'], ['y'])];
    assert.deepEqual(await gradientOf({ nodes: twice }, backward, float32([1, 1], [2]), float32([1, 1, 1], [1])), [1]);
  });

  test('Max(x, 0) is a ReLU: nothing flows back at zero', async () => {
    const maximum = node('Max', ['x', 'zero'], ['y']);
    const constants = { zero: float32([], [0]) };
    const seed = float32([1, 1, 3], [1, 1, 1]);
    const found = await gradientOf({ nodes: [maximum], constants }, backward, float32([1, 3], [0, 1, -1]), seed);
    assert.deepEqual(found, [0, 1, 0]);
  });

  test('ReLU6 passes nothing at its kinks', async () => {
    const clip = node('Clip', ['x', 'low', 'high'], ['y']);
    const constants = { low: float32([], [0]), high: float32([], [6]) };
    const seed = float32([1, 1, 5], [1, 1, 1, 1, 1]);
    const found = await gradientOf({ nodes: [clip], constants }, backward, float32([1, 5], [0, 6, 3, -1, 7]), seed);
    assert.deepEqual(found, [0, 0, 1, 0, 0]);
  });
});
