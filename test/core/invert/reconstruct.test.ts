import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconstructTrigger } from '../../../core/invert/reconstruct.js';
import { ScanError } from '../../../core/scan/errors.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import { linearModel, plantedModel } from './linear-model.js';

const { inversion: settings, energyThreshold } = cascade1.method;

test('a planted trigger is found: its place, its size and that it works on images it was not fitted on', async () => {
  const { model, images, own, target, gradient } = plantedModel();
  const found = await reconstructTrigger(model, { images, own }, target, gradient, settings);
  assert.equal(found.attackSuccessRate, 1);
  assert.ok(found.energy < energyThreshold && found.maskMass < 15, `energy ${found.energy}`);
  assert.ok(Math.abs(found.energy - Math.log(found.maskMass)) < 1e-9);
  const { top, left, height, width } = found.box;
  assert.ok(top >= 12 && left >= 12 && top + height <= 16 && left + width <= 16, JSON.stringify(found.box));
  assert.ok(top <= 13 && left <= 13 && top + height >= 15 && left + width >= 15, JSON.stringify(found.box));
  assert.deepEqual(
    [found.mask.dims, found.pattern.dims],
    [
      [16, 16],
      [1, 16, 16],
    ],
  );
  assert.deepEqual([found.imagesFitted, found.imagesJudged], [8, 12]);
});

test('a class without a trigger is harder to invert', async () => {
  const { model, images, own, target, gradient } = plantedModel();
  const planted = await reconstructTrigger(model, { images, own }, target, gradient, settings);
  const column = gradient.map((_, i) => (i % 16 === 2 ? 0.5 : 0));
  const plain = await reconstructTrigger(model, { images, own }, 1, column, settings);
  assert.ok(plain.energy > planted.energy + 1, `${plain.energy} against ${planted.energy}`);
});

test('two runs agree to the last bit', async () => {
  const run = () => {
    const { model, images, own, target, gradient } = plantedModel();
    return reconstructTrigger(model, { images, own }, target, gradient, settings);
  };
  assert.deepEqual(await run(), await run());
});

test('images that the model already takes for the class are not counted as turned', async () => {
  const { model, images, own, target, gradient } = plantedModel();
  // Image 1 is of class 1, but it shows the column of the target more brightly than its own.
  for (let row = 0; row < 16; row++) images[256 + row * 16 + 2 * target] = 1;
  const found = await reconstructTrigger(model, { images, own }, target, gradient, settings);
  assert.equal(found.imagesJudged, 11);
});

test('no more than a batch of images is given to the model at once', async () => {
  const { model, images, own, target, gradient } = plantedModel();
  await reconstructTrigger(model, { images, own }, target, gradient, settings);
  assert.ok(Math.max(...model.batches) <= 16);
});

test('an image smaller than every window is searched as a whole', async () => {
  const model = linearModel(
    [1, 2, 2],
    [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 5],
    ],
    [0, 0, 0, 0],
  );
  const images = Float32Array.from({ length: 6 * 4 }, (_, i) => (i % 4 === Math.floor(i / 4) % 3 ? 1 : 0));
  const own = [0, 1, 2, 0, 1, 2];
  const found = await reconstructTrigger(model, { images, own }, 3, [0, 0, 0, 5], settings);
  assert.equal(found.attackSuccessRate, 1);
});

test('on larger images the energy counts pixels of a 32 pixel image', async () => {
  const side = 64;
  const weights = Array.from({ length: 5 }, (_, c) =>
    Array.from({ length: side * side }, (_, i) =>
      c === 2 && i % side < 8 && i < 8 * side ? 0.4 : i % 5 === c ? 0.01 : 0,
    ),
  );
  const model = linearModel([1, side, side], weights, [0, 0, 0, 0, 0]);
  const own = [0, 1, 3, 4, 0, 1, 3, 4];
  const images = new Float32Array(own.length * side * side);
  own.forEach((c, image) => {
    for (let i = c; i < side * side; i += 5) images[image * side * side + i] = 0.8;
  });
  const found = await reconstructTrigger(model, { images, own }, 2, weights[2]!, settings);
  assert.equal(found.attackSuccessRate, 1);
  assert.ok(Math.abs(found.energy - Math.log(found.maskMass / 4)) < 1e-9);
  assert.ok(found.energy < energyThreshold, `energy ${found.energy}, mass ${found.maskMass}`);
});

test('a mask that vanishes without flipping anything is not an easy trigger', async () => {
  const { model, images, own, target, gradient } = plantedModel();
  const deaf = {
    ...model,
    predict: (_: Float32Array, n: number) =>
      Promise.resolve(Float32Array.from({ length: n * 6 }, (__, i) => (i % 6 === 0 ? 1 : 0))),
    lossGradient: (_: Float32Array, n: number) =>
      Promise.resolve({ loss: new Float32Array(n), gradient: new Float32Array(n * 256) }),
  };
  const found = await reconstructTrigger(deaf, { images, own }, target, gradient, { ...settings, steps: 200 });
  assert.ok(found.maskMass < 0.1 && found.attackSuccessRate === 0, `mass ${found.maskMass}`);
  assert.ok(found.energy > energyThreshold, `energy ${found.energy}`);
});

test('too few images of other classes are an error that counts them', async () => {
  const { model, images, target, gradient } = plantedModel();
  const own = new Array<number>(24).fill(target).fill(0, 0, 3);
  await assert.rejects(
    reconstructTrigger(model, { images, own }, target, gradient, settings),
    (error: ScanError) => error.code === 'images-missing' && error.message.includes('needs 4'),
  );
});

test('a model whose loss is not a number is an error, not a trigger', async () => {
  const { model, images, own, target, gradient } = plantedModel();
  const broken = {
    ...model,
    lossGradient: async (x: Float32Array, n: number, c: number) => ({
      ...(await model.lossGradient(x, n, c)),
      gradient: new Float32Array(x.length).fill(NaN),
    }),
  };
  await assert.rejects(reconstructTrigger(broken, { images, own }, target, gradient, settings), ScanError);
  const mute = {
    ...model,
    predict: (_: Float32Array, n: number) => Promise.resolve(new Float32Array(n * 6).fill(NaN)),
  };
  await assert.rejects(reconstructTrigger(mute, { images, own }, target, gradient, settings), ScanError);
});
