import { uniformSource } from '../detect/random.js';

/** A half of fewer images says nothing. */
const fewestPerHalf = 2;

/**
 * Which images a trigger is fitted on and which it is judged on: the even and the odd ones, without those of the class
 * itself. Where the order of the images leaves one half without any to speak of, the remaining ones are dealt out in turn.
 * @param own class of each image
 */
export function splitImages(own: readonly number[], classIndex: number): { fit: number[]; judge: number[] } {
  const others = own.flatMap((index, image) => (index === classIndex ? [] : [image]));
  const byIndex = deal(others, (image) => image);
  if (Math.min(byIndex.fit.length, byIndex.judge.length) >= fewestPerHalf) return byIndex;
  return deal(others, (_, position) => position);
}

/** Copies whole images out of [n, size] into a new array. */
export function gather(images: Float32Array, size: number, chosen: readonly number[]): Float32Array {
  const out = new Float32Array(chosen.length * size);
  chosen.forEach((image, position) => {
    out.set(images.subarray(image * size, (image + 1) * size), position * size);
  });
  return out;
}

export function meanImage(images: Float32Array, size: number): Float64Array {
  const n = images.length / size;
  const mean = new Float64Array(size);
  for (let image = 0; image < n; image++) {
    for (let i = 0; i < size; i++) mean[i]! += images[image * size + i]! / n;
  }
  return mean;
}

/** Positions 0..count-1 in random order, then again in another order, without end. The same seed gives the same order. */
export function shuffledRounds(count: number, seed: number): () => number {
  const uniform = uniformSource(seed);
  const order = Array.from({ length: count }, (_, position) => position);
  let next = count;
  return () => {
    if (next >= count) {
      // Fisher-Yates
      for (let i = count - 1; i > 0; i--) {
        const j = Math.floor(uniform() * (i + 1));
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      next = 0;
    }
    return order[next++]!;
  };
}

function deal(images: readonly number[], parityOf: (image: number, position: number) => number) {
  const fit: number[] = [];
  const judge: number[] = [];
  images.forEach((image, position) => (parityOf(image, position) % 2 === 0 ? fit : judge).push(image));
  return { fit, judge };
}
