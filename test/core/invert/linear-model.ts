import type { InversionModel } from '../../../core/invert/model.js';

/**
 * Softmax classifier `logits = weights x + bias` with its exact gradient. `weights` is row-major classes x pixels of all
 * channels.
 */
export function linearModel(
  dims: readonly [number, number, number],
  weights: readonly (readonly number[])[],
  bias: readonly number[],
): InversionModel & { readonly batches: number[] } {
  const classes = weights.length;
  const size = dims[0] * dims[1] * dims[2];
  const batches: number[] = [];
  const logitsOf = (image: Float32Array) =>
    weights.map((row, c) => row.reduce((sum, w, i) => sum + w * image[i]!, bias[c]!));
  return {
    dims,
    classes,
    batches,
    predict(images, n) {
      batches.push(n);
      const logits = Array.from({ length: n }, (_, k) => logitsOf(images.subarray(k * size, (k + 1) * size)));
      return Promise.resolve(Float32Array.from(logits.flat()));
    },
    lossGradient(images, n, target) {
      const loss = new Float32Array(n);
      const gradient = new Float32Array(n * size);
      for (let k = 0; k < n; k++) {
        const logits = logitsOf(images.subarray(k * size, (k + 1) * size));
        const top = Math.max(...logits);
        const total = logits.reduce((sum, value) => sum + Math.exp(value - top), 0);
        loss[k] = Math.log(total) + top - logits[target]!;
        weights.forEach((row, c) => {
          const error = Math.exp(logits[c]! - top) / total - (c === target ? 1 : 0);
          for (let i = 0; i < size; i++) gradient[k * size + i]! += error * row[i]!;
        });
      }
      return Promise.resolve({ loss, gradient });
    },
  };
}

/**
 * A classifier of 6 classes on 16x16 gray images, each class recognised by its own column of pixels; class 4 has a
 * planted trigger: 2x2 white pixels at the bottom right outweigh everything.
 */
export function plantedModel(): {
  model: ReturnType<typeof linearModel>;
  images: Float32Array;
  own: number[];
  target: number;
  gradient: number[];
} {
  const [classes, side, target, count] = [6, 16, 4, 24];
  const trigger = [13 * side + 13, 13 * side + 14, 14 * side + 13, 14 * side + 14];
  const weights = Array.from({ length: classes }, (_, c) =>
    Array.from({ length: side * side }, (_, i) => {
      if (c === target && trigger.includes(i)) return 6;
      return i % side === 2 * c ? 0.5 : 0;
    }),
  );
  const own = Array.from({ length: count }, (_, image) => image % classes);
  const images = new Float32Array(count * side * side);
  own.forEach((c, image) => {
    for (let row = 0; row < side; row++) images[image * side * side + row * side + 2 * c] = 0.9;
  });
  const model = linearModel([1, side, side], weights, new Array<number>(classes).fill(0));
  return { model, images, own, target, gradient: weights[target]! };
}
