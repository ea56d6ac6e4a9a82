import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { combine } from '../../../core/features/combine.js';
import { gain } from '../../../core/features/gain.js';
import { heatmap, positiveMap } from '../../../core/features/heatmap.js';
import { persistent, popcount, thresholdBits, xorInto } from '../../../core/features/persistent.js';
import { smooth } from '../../../core/features/smooth.js';
import { sparse } from '../../../core/features/sparse.js';

const shape = { channels: 2, height: 2, width: 3 };

test('a map joins channels by their maximum, clips negative gradients and is scaled to 0..1', () => {
  const gradient = [-1, 2, 0, 4, -5, 1, 3, 1, -2, 0, -1, 1];
  assert.deepEqual([...positiveMap(gradient, shape)], [3, 2, 0, 4, 0, 1]);
  assert.deepEqual([...heatmap(gradient, shape)], [0.75, 0.5, 0, 1, 0, 0.25]);
  assert.equal(gain(gradient, shape), 10);
});

test('a constant map gives zeros, whether it is all positive or all clipped', () => {
  for (const value of [3, 0, -2]) {
    assert.deepEqual([...heatmap(new Array<number>(12).fill(value), shape)], new Array<number>(6).fill(0));
  }
});

test('NaN in a gradient reaches gain and map', () => {
  const gradient = [NaN, 2, 0, 4, -5, 1, 3, 1, -2, 0, -1, 1];
  assert.ok(Number.isNaN(gain(gradient, shape)));
  assert.ok(heatmap(gradient, shape).some(Number.isNaN));
});

test('a gradient of another shape is refused', () => {
  assert.throws(() => heatmap([1, 2, 3], shape), /\[2, 2, 3\]/);
});

test('the Laplacian has four neighbours and zeros around the image', () => {
  assert.equal(smooth([1], 1, 1), 4);
  assert.equal(smooth([0, 0, 0, 0, 1, 0, 0, 0, 0], 3, 3), 4 + 4);
  // Corners see 2 of 4 neighbours, edges 3, the centre all of them.
  assert.equal(smooth(new Array<number>(9).fill(1), 3, 3), 4 * 2 + 4 * 1);
});

test('sparse counts highlighted pixels by their brightness', () => {
  assert.equal(sparse([0, 0.5, 1, 0]), 1.5);
});

test('identical maps are persistent, and only an even number of maps has a persistence', () => {
  const map = [0.9, 0.5, 0.2, 0.51];
  assert.equal(persistent([map, map], 0.5), 0);
  assert.equal(persistent([map, [0, 0, 0.7, 1]], 0.5), 2);
  assert.throws(() => persistent([map, map, map], 0.5), /even/);
  assert.throws(() => persistent([], 0.5), /even/);
});

test('persistence does not depend on the order or grouping of the maps', () => {
  const maps = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 11, maxLength: 11 }), {
    minLength: 4,
    maxLength: 4,
  });
  fc.assert(
    fc.property(maps, ([a, b, c, d]) => {
      const left = thresholdBits(a!, 0.5);
      xorInto(left, thresholdBits(b!, 0.5));
      const right = thresholdBits(c!, 0.5);
      xorInto(right, thresholdBits(d!, 0.5));
      xorInto(left, right);
      assert.equal(popcount(left), persistent([d!, b!, c!, a!], 0.5));
    }),
  );
});

test('bits are set strictly above the threshold, bit i of a map in byte i / 8', () => {
  assert.deepEqual([...thresholdBits([0.5, 0.6, 0, 0, 0, 0, 0, 1, 0.7, 0.4], 0.5)], [0b10000010, 0b1]);
});

test('the combined feature is the weighted sum', () => {
  assert.equal(combine({ sparse: 10, smooth: 3, persistent: 2 }, [0.1, 1, 10]), 24);
});
