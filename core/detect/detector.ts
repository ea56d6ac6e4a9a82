import type { FeatureKey, SaliencyRuleName, ScanFeatures } from '../scan/features.js';
import type { ReasonCode } from '../scan/result.js';
import type { NullModel } from './p-value.js';

/** A plug-in that looks for one suspicious class in the features of one model. To add one: a file and a line in `detectors/index.ts`. */
export interface Detector {
  /** Stable name in reports, kebab-case. */
  readonly id: string;
  readonly title: string;
  /** Gradient maps needed per class and image: what a scan pays for this detector alone. */
  readonly cost: number;
  readonly needs: {
    readonly values: readonly FeatureKey[];
    readonly parity: readonly SaliencyRuleName[];
  };
  /** The detector fires above it. Undefined: it only ranks classes and is not reported as a test. */
  readonly threshold: number | undefined;
  /** Distribution of `value` when no class is special. */
  readonly nullModel: NullModel;
  /** Called with finite features only, for at least 5 classes. */
  score(features: ScanFeatures, context: DetectorContext): DetectorScores;
}

export interface DetectorContext {
  /** Class of each image: its label where known, else the model's prediction. */
  readonly own: readonly number[];
  /** Channels of the model's input. */
  readonly channels: number;
}

export interface DetectorScores {
  /** Left-tail anomaly index of each class; larger is more suspicious, 0 is ordinary. */
  readonly indices: readonly number[];
  /** The class the detector points to, and its index. */
  readonly classIndex: number;
  readonly value: number;
  /** Mean feature values per class, for the report. */
  readonly features: Readonly<Record<string, readonly number[]>>;
  /** Why the indices say nothing; they are then all 0. */
  readonly problem?: { readonly code: ReasonCode; readonly message: string } | undefined;
}

/** Position of the largest value, the first one on a tie. */
export function argmax(values: readonly number[]): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}
