import type { DecodedImage, ImageSet } from '../../core/scan/images.js';
import { digestOfPixels } from './digest.js';

/**
 * Resizes to exactly `[height, width]` without keeping the aspect ratio: bilinear, antialiased when shrinking, sample points
 * at pixel centres. This is what Pillow, torchvision and `tf.image.resize(antialias=True)` do, so what the model was most
 * likely trained on; libvips places enlarged pixels half a pixel off, which moves edges by up to a quarter of the range.
 */
export function resizeImage(image: DecodedImage, size: readonly [number, number]): DecodedImage {
  const [height, width] = size;
  if (image.height === height && image.width === width) return image;
  const { channels } = image;
  const rows = resampled(image.pixels, 1, image.height, height, image.width * channels);
  const resized = resampled(rows, height, image.width, width, channels);
  // A clamped array rounds to the nearest whole number.
  return { ...image, height, width, pixels: new Uint8Array(new Uint8ClampedArray(resized).buffer) };
}

/**
 * The set with every picture resized to `[height, width]`; its digest is that of the new values. Arrays (`raw`) are the
 * model's input already and are returned as they are.
 */
export function resizeImages(set: ImageSet, size: readonly [number, number]): Promise<ImageSet> {
  if (set.kind === 'raw') return Promise.resolve(set);
  const images = set.images.map((image) => resizeImage(image, size));
  return Promise.resolve({ ...set, images, digest: digestOfPixels(images, set.labels) });
}

/** Resamples the middle axis of [outer, from, inner] to [outer, to, inner] with a triangle filter. */
function resampled(
  values: Uint8Array | Float32Array,
  outer: number,
  from: number,
  to: number,
  inner: number,
): Float32Array {
  const taps = Array.from({ length: to }, (_, i) => tapsOf(i, from, to));
  const result = new Float32Array(outer * to * inner);
  let target = 0;
  for (let o = 0; o < outer; o++) {
    for (const { start, weights } of taps) {
      const source = (o * from + start) * inner;
      for (let c = 0; c < inner; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * values[source + k * inner + c]!;
        result[target++] = sum;
      }
    }
  }
  return result;
}

/** Which input samples make output sample `i`, and with which weights (sum 1). */
function tapsOf(i: number, from: number, to: number): { start: number; weights: Float64Array } {
  const ratio = from / to;
  // Enlarging interpolates between two neighbours; shrinking averages over all the pixels that fall into one.
  const support = Math.max(ratio, 1);
  const centre = (i + 0.5) * ratio;
  const start = Math.max(Math.floor(centre - support + 0.5), 0);
  const end = Math.min(Math.floor(centre + support + 0.5), from);
  const weights = Float64Array.from({ length: end - start }, (_, k) =>
    Math.max(0, 1 - Math.abs(start + k + 0.5 - centre) / support),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { start, weights: weights.map((weight) => weight / total) };
}
