import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probe } from '../../../core/invert/probe.js';
import { linearModel, plantedModel } from './linear-model.js';

test('pasting the sign pattern at the planted trigger flips every image', async () => {
  const { model, images, own, target, gradient } = plantedModel();
  const nothing = gradient.map(() => 0);
  const report = await probe(model, { images, own }, target, { vanilla: nothing, rectified: gradient });
  assert.equal(report.flipRate, 1);
  assert.deepEqual([report.patch.rule, report.patch.flipRate, report.patch.size], ['rectified', 1, 4]);
  assert.ok(report.patch.top <= 13 && report.patch.top + 4 >= 15, JSON.stringify(report.patch));
  assert.ok(report.patch.left <= 13 && report.patch.left + 4 >= 15, JSON.stringify(report.patch));
});

test('a class without a trigger flips nothing', async () => {
  const { model, images, own, gradient } = plantedModel();
  const column = gradient.map((_, i) => (i % 16 === 2 ? 0.5 : 0));
  const report = await probe(model, { images, own }, 1, { vanilla: column, rectified: column });
  assert.equal(report.flipRate, 0);
});

test('a faint pattern over the whole image is found by blending, not by a patch', async () => {
  const side = 16;
  const weights = Array.from({ length: 5 }, (_, c) =>
    Array.from({ length: side * side }, (_, i) => (c === 3 ? (i % 2 === 0 ? 0.2 : -0.2) : i === 200 + c ? 2 : 0)),
  );
  const model = linearModel([1, side, side], weights, [0, 0, 0, 0, 0]);
  const own = [0, 1, 2, 4];
  const images = new Float32Array(4 * side * side).fill(0.5);
  own.forEach((c, image) => (images[image * side * side + 200 + c] = 1));
  const report = await probe(model, { images, own }, 3, { vanilla: weights[3]!, rectified: weights[3]! });
  assert.equal(report.blend.flipRate, 1);
  assert.equal(report.patch.flipRate, 0);
  assert.deepEqual([report.flipRate, report.blend.alpha], [1, 0.1]);
});
