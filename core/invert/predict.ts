import { gather } from './images.js';
import type { InversionModel } from './model.js';

/** Images per run: bounds memory, and a fixed number keeps results the same for any number of images. */
const batch = 16;

/** Logits of all images, [n, classes], a bounded batch at a time. */
export async function predictAll(model: InversionModel, images: Float32Array): Promise<Float32Array> {
  const size = model.dims[0] * model.dims[1] * model.dims[2];
  const n = images.length / size;
  const logits = new Float32Array(n * model.classes);
  for (let start = 0; start < n; start += batch) {
    const end = Math.min(n, start + batch);
    logits.set(await model.predict(images.slice(start * size, end * size), end - start), start * model.classes);
  }
  return logits;
}

/** Class of the largest logit per row, the first one on a tie; -1 where a logit is NaN. */
export function predictedClasses(logits: Float32Array, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    let best = 0;
    for (let index = 0; index < classes; index++) {
      const value = logits[row * classes + index]!;
      if (Number.isNaN(value)) return -1;
      if (value > logits[row * classes + best]!) best = index;
    }
    return best;
  });
}

/** Mean softmax cross-entropy to `target`. */
export function meanCrossEntropy(logits: Float32Array, classes: number, target: number): number {
  const n = logits.length / classes;
  let sum = 0;
  for (let row = 0; row < n; row++) {
    const line = logits.subarray(row * classes, (row + 1) * classes);
    let highest = -Infinity;
    for (const value of line) highest = Math.max(highest, value);
    let total = 0;
    for (const value of line) total += Math.exp(value - highest);
    sum += Math.log(total) + highest - line[target]!;
  }
  return sum / n;
}

/** Those of `chosen` images that the model does not take for the class as they are: only they can be turned into it. */
export async function turnable(
  model: InversionModel,
  images: Float32Array,
  chosen: readonly number[],
  classIndex: number,
): Promise<number[]> {
  const size = model.dims[0] * model.dims[1] * model.dims[2];
  const predicted = predictedClasses(await predictAll(model, gather(images, size, chosen)), model.classes);
  return chosen.filter((_, position) => predicted[position] !== classIndex);
}

/** Share of images taken for the class; 0 for no images. */
export async function shareOfClass(model: InversionModel, images: Float32Array, classIndex: number): Promise<number> {
  const predicted = predictedClasses(await predictAll(model, images), model.classes);
  return predicted.filter((index) => index === classIndex).length / Math.max(1, predicted.length);
}
