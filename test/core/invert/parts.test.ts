import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { adam } from '../../../core/invert/adam.js';
import { maskBox, shareInBox } from '../../../core/invert/box.js';
import { shuffledRounds, splitImages } from '../../../core/invert/images.js';
import { applyTrigger, pullBack, triggerOf } from '../../../core/invert/trigger.js';
import { bestWindow, windowSizes } from '../../../core/invert/window.js';
import { meanCrossEntropy } from '../../../core/invert/predict.js';
import { linearModel } from './linear-model.js';

test('a trigger is fitted on even and judged on odd images, none of them of the class', () => {
  assert.deepEqual(splitImages([0, 1, 2, 0, 1, 2, 0, 1], 1), { fit: [0, 2, 6], judge: [3, 5] });
});

test('images sorted so that one half would be empty are dealt out in turn', () => {
  assert.deepEqual(splitImages([0, 1, 2, 1, 3, 1, 4, 1], 1), { fit: [0, 4], judge: [2, 6] });
});

test('no image is in both halves', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4)), fc.nat(4), (own, index) => {
      const { fit, judge } = splitImages(own, index);
      assert.equal(new Set([...fit, ...judge]).size, own.filter((c) => c !== index).length);
      assert.ok([...fit, ...judge].every((image) => own[image] !== index));
    }),
  );
});

test('every image is used once per round, and the order is the same in every run', () => {
  const [next, again] = [shuffledRounds(7, 3), shuffledRounds(7, 3)];
  const drawn = Array.from({ length: 21 }, next);
  for (const start of [0, 7, 14]) {
    assert.deepEqual(drawn.slice(start, start + 7).sort(), [0, 1, 2, 3, 4, 5, 6]);
  }
  assert.notDeepEqual(drawn.slice(0, 7), drawn.slice(7, 14));
  assert.deepEqual(Array.from({ length: 21 }, again), drawn);
});

test('the best window is the one a search over all windows finds', () => {
  const map = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 30, maxLength: 30 });
  fc.assert(
    fc.property(map, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 6 }), (values, height, width) => {
      const sumAt = (top: number, left: number) => {
        let sum = 0;
        for (let r = top; r < top + height; r++) for (let c = left; c < left + width; c++) sum += values[r * 6 + c]!;
        return sum;
      };
      const best = bestWindow(Float64Array.from(values), [5, 6], { height, width });
      for (let top = 0; top + height <= 5; top++) {
        for (let left = 0; left + width <= 6; left++) assert.ok(sumAt(best.top, best.left) >= sumAt(top, left));
      }
    }),
  );
});

test('windows are clipped to the image and tried once', () => {
  assert.deepEqual(windowSizes([3, 8, 11], 8, 10), [
    { height: 3, width: 3 },
    { height: 8, width: 8 },
    { height: 8, width: 10 },
  ]);
});

test('the gradient of mask and pattern is that of the loss, by central differences', async () => {
  const model = linearModel(
    [2, 2, 2],
    [
      [1, -2, 0.5, 1, 0, 1, -1, 2],
      [0, 1, 1, -1, 2, 0.3, 1, 0],
      [0.1, 0, -1, 1, 1, 1, 0, -2],
    ],
    [0, 0.1, -0.2],
  );
  const images = Float32Array.from({ length: 16 }, (_, i) => ((i * 7) % 11) / 11);
  const [target, weight] = [1, 0.02];
  const logits = {
    mask: Float64Array.of(-1, 0.3, 0.9, -0.2),
    pattern: Float64Array.from({ length: 8 }, (_, i) => i / 4 - 1),
  };
  const loss = async () => {
    const trigger = triggerOf(logits);
    const predicted = await model.predict(applyTrigger(trigger, images), 2);
    return meanCrossEntropy(predicted, 3, target) + weight * trigger.mask.reduce((a, b) => a + b, 0);
  };
  const trigger = triggerOf(logits);
  const { gradient } = await model.lossGradient(applyTrigger(trigger, images), 2, target);
  const analytic = pullBack(trigger, images, gradient, weight);
  for (const name of ['mask', 'pattern'] as const) {
    for (let i = 0; i < logits[name].length; i++) {
      const step = 1e-2;
      const kept = logits[name][i]!;
      logits[name][i] = kept + step;
      const above = await loss();
      logits[name][i] = kept - step;
      const below = await loss();
      logits[name][i] = kept;
      const numeric = (above - below) / (2 * step);
      assert.ok(Math.abs(numeric - analytic[name][i]!) < 1e-3, `${name} ${i}: ${numeric} against ${analytic[name][i]}`);
    }
  }
});

test('the first Adam step has the length of the rate, against the gradient', () => {
  const values = Float64Array.of(1, 1, 1);
  adam(values, { rate: 0.4, betas: [0.5, 0.9] }).step(Float64Array.of(3, -0.001, 0));
  assert.ok(Math.abs(values[0]! - 0.6) < 1e-6 && Math.abs(values[1]! - 1.4) < 1e-4 && values[2] === 1);
});

test('Adam follows the published recursion', () => {
  const values = Float64Array.of(0);
  const optimiser = adam(values, { rate: 0.1, betas: [0.5, 0.9] });
  let [m, v, x] = [0, 0, 0];
  [2, -1, 0.5].forEach((g, t) => {
    optimiser.step(Float64Array.of(g));
    m = 0.5 * m + 0.5 * g;
    v = 0.9 * v + 0.1 * g * g;
    x -= (0.1 * (m / (1 - 0.5 ** (t + 1)))) / (Math.sqrt(v / (1 - 0.9 ** (t + 1))) + 1e-8);
  });
  assert.ok(Math.abs(values[0]! - x) < 1e-12);
});

test('single bright pixels far from the patch do not stretch the box', () => {
  const mask = new Float64Array(100).fill(0.1);
  for (const pixel of [0, 77, 79, 88, 98]) mask[pixel] = 0.9;
  assert.deepEqual(maskBox(mask, 10, 10), { top: 7, left: 7, height: 3, width: 3 });
});

test('the box holds the bright part of the mask and not its faint surroundings', () => {
  const mask = new Float64Array(25).fill(0.1);
  for (const pixel of [11, 12, 17]) mask[pixel] = 0.9;
  assert.deepEqual(maskBox(mask, 5, 5), { top: 2, left: 1, height: 2, width: 2 });

  test('the share of a box counts bright pixels by weight and leaves faint ones out', () => {
    const mask = new Float64Array(25);
    mask[0] = 0.9;
    mask[24] = 0.6;
    mask[12] = 0.4;
    const share = shareInBox(mask, { top: 0, left: 0, height: 1, width: 1 }, 5);
    assert.ok(Math.abs(share - 0.6) < 1e-12, `${share}`);
    assert.equal(shareInBox(new Float64Array(25).fill(0), { top: 0, left: 0, height: 1, width: 1 }, 5), 1);
  });
});
