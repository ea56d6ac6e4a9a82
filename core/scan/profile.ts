import type { FeatureName, SaliencyRuleName } from './features.js';

/** All settings that can change a verdict. Its hash is part of the scan id. */
export interface Profile {
  readonly name: string;
  readonly version: number;
  /** Clean images used at most; fewer are taken as they are. */
  readonly images: number;
  /** What the saliency programs compute, one program per rule. */
  readonly saliency: readonly { readonly rule: SaliencyRuleName; readonly features: readonly FeatureName[] }[];
  /** Paper, "Persistence": XOR over this many maps (even: XOR is parity) thresholded at `threshold`. */
  readonly persistence: { readonly images: number; readonly threshold: number };
  readonly method: PaperMethod | CascadeMethod;
}

/** Paper, sections "Combined Feature" and "Outlier detection". */
export interface PaperMethod {
  readonly kind: 'paper';
  readonly rule: SaliencyRuleName;
  /** Weights of sparse, smooth, persistent (paper, Table 6): the MNIST row for one channel, the GTSRB row for more. */
  readonly weights: {
    readonly gray: readonly [number, number, number];
    readonly colour: readonly [number, number, number];
  };
  readonly threshold: number;
}

/** Gains of three rules point to one class; a short trigger inversion of that class confirms or not. */
export interface CascadeMethod {
  readonly kind: 'cascade';
  /** Threshold of the outlier index of the candidate class. */
  readonly gainThreshold: number;
  /** Below it, the reconstructed trigger counts as invertible. */
  readonly energyThreshold: number;
  /** PROBE flip rate that counts as evidence. */
  readonly probeThreshold: number;
  /** Index of a class on the QUIET scale above which label poisoning is reported (never the verdict). */
  readonly quietThreshold: number;
  readonly inversion: InversionSettings;
}

/** Trigger inversion of one class: Adam on mask and pattern (after Neural Cleanse, Wang et al. 2019). */
export interface InversionSettings {
  readonly windows: readonly number[];
  readonly steps: number;
  readonly rate: number;
  readonly betas: readonly [number, number];
  readonly batch: number;
  /** Weight of the mask's L1 in the loss. */
  readonly maskWeight: number;
}
