import { ScanError } from '../scan/errors.js';
import type { InversionSettings } from '../scan/profile.js';
import type { TriggerReconstruction } from '../scan/result.js';
import { adam } from './adam.js';
import { maskBox, shareInBox } from './box.js';
import { gather, meanImage, shuffledRounds, splitImages } from './images.js';
import type { InversionModel } from './model.js';
import { meanCrossEntropy, predictAll, shareOfClass, turnable } from './predict.js';
import { sideScale } from './scale.js';
import { applyTrigger, logit, pullBack, triggerOf } from './trigger.js';
import type { TriggerLogits } from './trigger.js';
import { bestWindow, forEachPixel, windowSizes } from './window.js';

export interface InversionImages {
  /** [n, C, H, W] in unit space. */
  readonly images: Float32Array;
  /** Class of each image: its label where known, else the model's prediction. */
  readonly own: readonly number[];
}

/** Mask outside the starting window, and the logits the search starts from. */
const background = logit(0.1);
const insideWindow = 1.5;
const patternLogit = 1.5;

/** A trigger that flips fewer images than this is charged for it. */
const wantedSuccess = 0.8;
const successPenalty = 5;

/** Any fixed number: two runs have to agree, its value has no meaning. */
const seed = 1;

/**
 * Searches the smallest patch that turns images of other classes into `classIndex` (after Neural Cleanse, Wang et al.
 * 2019, with a warm start): pattern from the sign of the mean gradient, mask from the window that promises most, a few Adam
 * steps on one half of the images. What is reported was measured on the other half.
 *
 * @param meanGradient mean vanilla gradient of the class's logit over the clean images, [C, H, W], unit space
 * @throws ScanError `images-missing` with fewer than 4 images of other classes, `engine-failed` when the loss is not finite
 */
export async function reconstructTrigger(
  model: InversionModel,
  { images, own }: InversionImages,
  classIndex: number,
  meanGradient: ArrayLike<number>,
  settings: InversionSettings,
): Promise<TriggerReconstruction> {
  const [channels, height, width] = model.dims;
  const size = channels * height * width;
  const halves = splitImages(own, classIndex);
  const judge = await turnable(model, images, halves.judge, classIndex);
  if (Math.min(halves.fit.length, halves.judge.length) < 2 || judge.length === 0) {
    throw new ScanError(
      'images-missing',
      `inversion of class ${classIndex} needs 4 clean images of other classes, there are ${halves.fit.length} to fit a trigger on and ${judge.length} to judge it on`,
    );
  }
  const scale = sideScale(height, width);
  const scaled: InversionSettings = {
    ...settings,
    windows: settings.windows.map((side) => Math.round(side * scale)),
    maskWeight: settings.maskWeight / scale ** 2,
  };
  const fit = gather(images, size, halves.fit);
  const logits = await warmStart(model, fit, classIndex, meanGradient, scaled);
  await descend(model, fit, classIndex, logits, scaled);

  const { mask, pattern } = triggerOf(logits);
  const triggered = applyTrigger({ mask, pattern }, gather(images, size, judge));
  const attackSuccessRate = await shareOfClass(model, triggered, classIndex);
  const maskMass = sum(mask);
  const box = maskBox(mask, height, width);
  return {
    classIndex,
    image: { height, width },
    mask: { dims: [height, width], data: Float32Array.from(mask) },
    pattern: { dims: [channels, height, width], data: Float32Array.from(pattern) },
    box,
    boxShare: shareInBox(mask, box, width),
    maskMass,
    attackSuccessRate,
    energy: energyOf(maskMass / scale ** 2, attackSuccessRate),
    imagesFitted: halves.fit.length,
    imagesJudged: judge.length,
  };
}

/**
 * No trigger is smaller than a pixel: a mask that vanished because nothing works would pass for an easy trigger otherwise.
 */
function energyOf(pixels: number, attackSuccessRate: number): number {
  return Math.log(Math.max(1, pixels)) + successPenalty * Math.max(0, wantedSuccess - attackSuccessRate);
}

/** The window size with the least loss, each at the place where the mean gradient promises most. */
async function warmStart(
  model: InversionModel,
  fit: Float32Array,
  classIndex: number,
  meanGradient: ArrayLike<number>,
  settings: InversionSettings,
): Promise<TriggerLogits> {
  const [, height, width] = model.dims;
  const promise = promisedGain(meanGradient, meanImage(fit, meanGradient.length), height * width);
  const pattern = Float64Array.from(meanGradient, (value) => patternLogit * Math.sign(value));
  let best: TriggerLogits | undefined;
  let least = Infinity;
  for (const size of windowSizes(settings.windows, height, width)) {
    const mask = new Float64Array(height * width).fill(background);
    forEachPixel(bestWindow(promise, [height, width], size), width, (pixel) => (mask[pixel] = insideWindow));
    const trigger = triggerOf({ mask, pattern });
    const predicted = await predictAll(model, applyTrigger(trigger, fit));
    const loss = meanCrossEntropy(predicted, model.classes, classIndex) + settings.maskWeight * sum(trigger.mask);
    if (loss < least) {
      least = loss;
      best = { mask, pattern };
    }
  }
  if (!best) throw notFinite(classIndex);
  return best;
}

/** Moves `logits` in place, on batches from one shuffled round through the images after the other. */
async function descend(
  model: InversionModel,
  fit: Float32Array,
  classIndex: number,
  logits: TriggerLogits,
  settings: InversionSettings,
): Promise<void> {
  const size = logits.pattern.length;
  const count = fit.length / size;
  const batch = Math.min(settings.batch, count);
  const nextImage = shuffledRounds(count, seed);
  const mask = adam(logits.mask, settings);
  const pattern = adam(logits.pattern, settings);
  for (let step = 0; step < settings.steps; step++) {
    const clean = gather(fit, size, Array.from({ length: batch }, nextImage));
    const trigger = triggerOf(logits);
    const { gradient } = await model.lossGradient(applyTrigger(trigger, clean), batch, classIndex);
    const pull = pullBack(trigger, clean, gradient, settings.maskWeight);
    if (!Number.isFinite(sum(pull.mask) + sum(pull.pattern))) throw notFinite(classIndex);
    mask.step(pull.mask);
    pattern.step(pull.pattern);
  }
}

/**
 * First-order gain of driving a pixel to white (where the gradient is positive) or to black, summed over channels, [H, W].
 */
function promisedGain(gradient: ArrayLike<number>, mean: Float64Array, pixels: number): Float64Array {
  const gain = new Float64Array(pixels);
  for (let i = 0; i < gradient.length; i++) {
    const value = gradient[i]!;
    gain[i % pixels]! += value > 0 ? value * (1 - mean[i]!) : -value * mean[i]!;
  }
  return gain;
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function notFinite(classIndex: number): ScanError {
  return new ScanError(
    'engine-failed',
    `inversion of class ${classIndex}: the model's loss is not finite on images with a patch; check the model's numeric range`,
  );
}
