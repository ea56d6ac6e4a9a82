import type { StaticFinding } from './result.js';

/** How a gradient is turned into a saliency map (paper, section "Saliency Map Generation"). */
export const saliencyRuleNames = ['vanilla', 'guided', 'rectified'] as const;
export type SaliencyRuleName = (typeof saliencyRuleNames)[number];

/**
 * Per-map values the program computes.
 * - `gain`: L1 of the un-normalised map, `sum_ij max_c max(dlogit/dx, 0)`, x in units where black is 0 and white is 1.
 * - `sparse`, `smooth`: of the map scaled to [0, 1] (paper, section "Features Extraction").
 * - `persistent`: needs several images, so a program yields a parity bit map instead of a value.
 */
export const featureNames = ['gain', 'sparse', 'smooth', 'persistent'] as const;
export type FeatureName = (typeof featureNames)[number];

/** `rectified.gain`: one matrix of values over classes x images. */
export type FeatureKey = `${SaliencyRuleName}.${Exclude<FeatureName, 'persistent'>}`;

/** All features of one scan after the merge. */
export interface ScanFeatures {
  readonly classes: number;
  readonly images: number;
  /** Row-major classes x images. */
  readonly values: ReadonlyMap<FeatureKey, Float32Array>;
  readonly parity: ReadonlyMap<SaliencyRuleName, Parity>;
}

/** XOR over images of the thresholded maps of each class. */
export interface Parity {
  /** How many maps went into each bit map. */
  readonly images: number;
  readonly height: number;
  readonly width: number;
  /** classes x ceil(height * width / 8) bytes; bit i of a map is bit i % 8 of byte i / 8. */
  readonly bits: Uint8Array;
}

/** Half-open range. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A rectangle classes x images of one scan: the unit of work. */
export interface Shard {
  /** Deterministic: `<scan id>/<class start>-<class end>x<image start>-<image end>`. */
  readonly id: string;
  readonly classes: Range;
  readonly images: Range;
}

/** What one shard contributes. `values` are row-major over the shard's classes x images. */
export interface ShardFeatures {
  readonly shard: Shard;
  readonly values: ReadonlyMap<FeatureKey, Float32Array>;
  readonly parity: ReadonlyMap<SaliencyRuleName, Parity>;
}

/** What is known of the model and the clean images before any gradient is taken. */
export interface Inspection {
  readonly classes: number;
  /** Model input without the image axis, e.g. [3, 32, 32]. */
  readonly inputDims: readonly number[];
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly inputName: string;
  readonly logitsName: string;
  /** The activation that was cut off behind the logits, if any. */
  readonly cut: 'Softmax' | 'LogSoftmax' | 'Sigmoid' | undefined;
  /** Predicted class per image; -1 where a logit is not a number. */
  readonly predictions: readonly number[];
  /** Share of labelled images predicted right; undefined without labels. */
  readonly accuracy: number | undefined;
  /** Set when a different preprocessing makes the model much more accurate on the labelled images: the flags to try. */
  readonly preprocessingHint: string | undefined;
  /** What the static checks found; undefined from senders that do not run them. */
  readonly checks?: readonly StaticFinding[] | undefined;
  /** Images per engine run; fixed per model so that sharding cannot change a number. */
  readonly tile: { readonly classes: number; readonly images: number };
}
