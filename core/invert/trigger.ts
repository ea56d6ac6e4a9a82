/** A patch in unit space: `x' = (1 - mask) x + mask pattern`. */
export interface Trigger {
  /** [H, W], 0..1. */
  readonly mask: Float64Array;
  /** [C, H, W], 0..1. */
  readonly pattern: Float64Array;
}

/** Puts the trigger on every image of [n, C, H, W]. */
export function applyTrigger({ mask, pattern }: Trigger, images: Float32Array): Float32Array {
  const size = pattern.length;
  const pixels = mask.length;
  const out = new Float32Array(images.length);
  for (let plane = 0; plane < images.length; plane += pixels) {
    const channel = plane % size;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const cover = mask[pixel]!;
      out[plane + pixel] = (1 - cover) * images[plane + pixel]! + cover * pattern[channel + pixel]!;
    }
  }
  return out;
}

/** Trigger as free parameters: mask and pattern are their logistic sigmoids. */
export interface TriggerLogits {
  readonly mask: Float64Array;
  readonly pattern: Float64Array;
}

export function triggerOf({ mask, pattern }: TriggerLogits): Trigger {
  return { mask: mask.map(sigmoid), pattern: pattern.map(sigmoid) };
}

export function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/**
 * Gradient of the mean loss plus `maskWeight * sum(mask)` with respect to the parameters.
 * @param gradient of the summed loss with respect to the images that carry the trigger
 */
export function pullBack(
  { mask, pattern }: Trigger,
  images: Float32Array,
  gradient: Float32Array,
  maskWeight: number,
): TriggerLogits {
  const size = pattern.length;
  const pixels = mask.length;
  const n = images.length / size;
  const toMask = new Float64Array(pixels).fill(maskWeight);
  const toPattern = new Float64Array(size);
  for (let plane = 0; plane < images.length; plane += pixels) {
    const channel = plane % size;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const g = gradient[plane + pixel]! / n;
      toMask[pixel]! += g * (pattern[channel + pixel]! - images[plane + pixel]!);
      toPattern[channel + pixel]! += g * mask[pixel]!;
    }
  }
  return {
    mask: toMask.map((g, i) => g * mask[i]! * (1 - mask[i]!)),
    pattern: toPattern.map((g, i) => g * pattern[i]! * (1 - pattern[i]!)),
  };
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
