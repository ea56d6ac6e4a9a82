import type { ImageContext } from '../../../core/detect/detect.js';
import type { FeatureKey, Parity, SaliencyRuleName, ScanFeatures } from '../../../core/scan/features.js';
import type { Evidence } from '../../../core/scan/result.js';

export const classes = 10;
export const images = 20;

/** Spread of ordinary classes: no two are equal, none stands out (largest left-tail index about 1). */
const ordinary = [1, 1.1, 0.9, 1.05, 0.95, 1.12, 0.88, 1.03, 0.97, 1.01];

/** Value of a class on every image. */
export type PerClass = (classIndex: number) => number;

/** Features of a scan where each class has its own value on all images; `values` overrides the ordinary ones. */
export function featuresOf(
  values: Partial<Record<FeatureKey, PerClass>> = {},
  size: { classes: number; images: number } = { classes, images },
): ScanFeatures {
  const keys: FeatureKey[] = ['guided.gain', 'rectified.gain', 'vanilla.gain', 'rectified.sparse', 'rectified.smooth'];
  return {
    ...size,
    values: new Map(
      keys.map((key) => {
        const of = values[key] ?? ((index) => ordinary[index % ordinary.length]! + 0.001 * Math.floor(index / 10));
        return [
          key,
          Float32Array.from({ length: size.classes * size.images }, (_, i) => of(Math.floor(i / size.images))),
        ];
      }),
    ),
    parity: new Map<SaliencyRuleName, Parity>([['rectified', parityOf(size.classes)]]),
  };
}

/** An ordinary class everywhere but at `target`. */
export function only(target: number, value: number): PerClass {
  return (index) => (index === target ? value : ordinary[index % ordinary.length]!);
}

export function context(changes: Partial<ImageContext> = {}, size = images): ImageContext {
  const labels = Array.from({ length: size }, (_, image) => image % classes);
  return { labels, predictions: labels, channels: 1, ...changes };
}

export function evidence(classIndex: number, energy: number, attackSuccessRate = 0.96): Evidence {
  return {
    classIndex,
    trigger: {
      classIndex,
      mask: { dims: [28, 28], data: new Float32Array(784) },
      pattern: { dims: [1, 28, 28], data: new Float32Array(784) },
      image: { height: 28, width: 28 },
      box: { top: 24, left: 24, height: 3, width: 3 },
      boxShare: 1,
      maskMass: Math.exp(energy),
      attackSuccessRate,
      energy,
      imagesFitted: 25,
      imagesJudged: 24,
    },
    probe: {
      classIndex,
      flipRate: 0.1,
      patch: { flipRate: 0.1, rule: 'vanilla', top: 0, left: 0, size: 4 },
      blend: { flipRate: 0, rule: 'vanilla', alpha: 0.1 },
    },
    heatmaps: [],
    samples: [],
  };
}

function parityOf(count: number): Parity {
  const bits = new Uint8Array(count * 8);
  // Class i has between 16 and 31 bits set.
  for (let index = 0; index < count; index++) {
    for (let bit = 0; bit < 16 + ((index * 7) % 16); bit++) bits[index * 8 + (bit >> 3)]! |= 1 << (bit & 7);
  }
  return { images: 10, height: 8, width: 8, bits };
}
