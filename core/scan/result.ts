import type { ScanErrorCode } from './errors.js';
import type { StatedPreprocessing } from './stated-preprocessing.js';

export const verdicts = ['clean', 'inconclusive', 'suspicious', 'backdoored'] as const;
/** Not scannable is never clean: it is `inconclusive` with a reason. */
export type Verdict = (typeof verdicts)[number];

export const severities = ['note', 'warning', 'error'] as const;
export type Severity = (typeof severities)[number];

/** One model's outcome; the in-memory form of an entry of the JSON report. */
export interface ScanResult {
  readonly scanId: string;
  readonly model: ModelIdentity;
  readonly verdict: Verdict;
  /** Why no honest verdict was possible; set exactly when the verdict is `inconclusive`. */
  readonly reason?: Reason | undefined;
  /** Larger is more suspicious; comparable between models of one data set. Undefined when inconclusive before detection. */
  readonly score?: number | undefined;
  /** Of the largest stage-one index under the stated null hypothesis. */
  readonly pValue?: number | undefined;
  readonly targetClasses: readonly number[];
  readonly findings: readonly Finding[];
  /** What the model's file shows without being run; changes neither verdict nor exit code. Undefined where it did not come to that. */
  readonly checks?: readonly StaticFinding[] | undefined;
  readonly classes: readonly ClassReport[];
  readonly detectors: readonly DetectorReport[];
  readonly evidence: readonly Evidence[];
  readonly profile: { readonly name: string; readonly version: number; readonly hash: string };
  readonly images: {
    readonly digest: string;
    readonly count: number;
    readonly labelled: number;
    readonly accuracy?: number | undefined;
  };
  readonly engine?:
    | { readonly name: string; readonly version: string; readonly provider: string; readonly workers: number }
    | undefined;
  /** Seconds. */
  readonly timings: {
    readonly total: number;
    readonly inspect?: number;
    readonly saliency?: number;
    readonly confirm?: number;
  };
  /** True when the result was read from the cache and no work was done. */
  readonly cached: boolean;
}

export interface ModelIdentity {
  /** As the user named it. */
  readonly path: string;
  /** `sha256:<hex>`; over all files of the model. Undefined when the model could not be read. */
  readonly digest?: string | undefined;
  readonly bytes?: number | undefined;
  readonly format?: string | undefined;
  readonly classes?: number | undefined;
  /** [C, H, W] or [H, W, C]. */
  readonly inputDims?: readonly number[] | undefined;
  readonly layout?: 'NCHW' | 'NHWC' | undefined;
  /** How the model's own files say that pixels become its input, where the scan took it from there. */
  readonly preprocessing?: StatedPreprocessing | undefined;
}

/** Decided by detection: there is no honest verdict for these features. */
export const obstacleCodes = [
  'too-few-classes',
  'too-few-images',
  'low-accuracy',
  'constant-features',
  'zero-deviation',
  'non-finite-features',
] as const;

/** Errors of a scan keep their code. */
export type ReasonCode = ScanErrorCode | (typeof obstacleCodes)[number];

export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
}

export const findingRules = {
  'backdoor-trigger': {
    title: 'Invertible backdoor trigger',
    help: 'A small patch found by optimisation turns most clean images into one class, and that class also stands out in the saliency gains. Do not deploy the model; ask its supplier for the training data or retrain it.',
  },
  'saliency-outlier': {
    title: 'Saliency outlier',
    help: 'The saliency maps of one class stand out from all the others. A blended or large trigger or poisoned labels can cause it. Have the evidence looked at before deploying.',
  },
  'invertible-trigger': {
    title: 'Small invertible trigger',
    help: 'A small patch turns many clean images into one class, though its saliency gain is ordinary. Have the evidence looked at before deploying.',
  },
  'label-poisoning': {
    title: 'Signs of mislabelled training data',
    help: 'The un-normalised gradient of one class is unusually small, which mislabelled training images cause. It is no sign of a trigger by itself.',
  },
} as const satisfies Record<string, { title: string; help: string }>;
export type FindingRule = keyof typeof findingRules;

export interface Finding {
  readonly rule: FindingRule;
  readonly severity: Severity;
  readonly classIndex: number;
  readonly className?: string | undefined;
  readonly message: string;
  /** Set by the ignore file: the statement of the entry that covers this finding. */
  readonly ignored?: { readonly statement: string; readonly expires?: string | undefined } | undefined;
}

/** What a static check found; see `core/checks`. */
export interface StaticFinding {
  /** Id of the check. */
  readonly check: string;
  readonly severity: Severity;
  readonly message: string;
  /** The tensor, node, file or class it is about. */
  readonly place?: string | undefined;
}

export interface ClassReport {
  readonly index: number;
  readonly name?: string | undefined;
  /** Mean feature values by key, e.g. `rectified.gain`, `rectified.persistent`. */
  readonly features: Readonly<Record<string, number>>;
  /** Left-tail anomaly index by detector id. */
  readonly indices: Readonly<Record<string, number>>;
}

export interface DetectorReport {
  readonly id: string;
  readonly title: string;
  /** The class with the largest index. */
  readonly classIndex: number;
  readonly value: number;
  readonly threshold: number;
  readonly fired: boolean;
  readonly pValue?: number | undefined;
  /** What the p-value assumes, in one sentence. */
  readonly nullHypothesis?: string | undefined;
}

/** A picture in memory: row-major `dims` of values in 0..1 unless said otherwise. */
export interface Plane {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** What an analyst looks at, for one class. */
export interface Evidence extends EvidenceSummary {
  readonly trigger: TriggerReconstruction;
  /** Mean saliency map of this class and of typical ones, [H, W] each, scaled to 0..1. */
  readonly heatmaps: readonly {
    readonly classIndex: number;
    readonly role: 'flagged' | 'typical';
    readonly map: Plane;
  }[];
  /** Clean images with and without the trigger, [C, H, W] in 0..1, and what the model answers. */
  readonly samples: readonly {
    readonly name: string;
    readonly clean: Plane;
    readonly triggered: Plane;
    readonly cleanClass: number;
    readonly triggeredClass: number;
  }[];
}

/** The numbers of {@link Evidence} without its pictures: all that a judgement needs. */
export interface EvidenceSummary {
  readonly classIndex: number;
  readonly className?: string | undefined;
  readonly trigger: TriggerSummary;
  readonly probe: ProbeReport;
}

export interface TriggerReconstruction extends TriggerSummary {
  /** [H, W], 0..1: how much of each pixel the trigger replaces. */
  readonly mask: Plane;
  /** [C, H, W], 0..1. */
  readonly pattern: Plane;
}

export interface TriggerSummary {
  readonly classIndex: number;
  /** Pixels of the whole image. */
  readonly image: { readonly height: number; readonly width: number };
  /** Around the heaviest patch of the mask: pixels above half of its maximum that lie together. */
  readonly box: { readonly top: number; readonly left: number; readonly height: number; readonly width: number };
  /** Share of the mask's bright pixels (above half of its maximum), by weight, that lie in the box. */
  readonly boxShare: number;
  /** Sum of the mask: how many pixels are replaced. */
  readonly maskMass: number;
  /** Share of the held-out clean images of other classes that the trigger turns into the class: its attack success rate. */
  readonly attackSuccessRate: number;
  /**
   * ln(maskMass) + 5 max(0, 0.8 - attackSuccessRate): small means easy to invert. On images whose shorter side exceeds 32
   * pixels the mass is that of the mask scaled down to 32; it counts as one pixel at least.
   */
  readonly energy: number;
  readonly imagesFitted: number;
  readonly imagesJudged: number;
}

/** Forward passes only: does the sign pattern of the mean gradient flip clean images to the class? */
export interface ProbeReport {
  readonly classIndex: number;
  /** The larger of the two. */
  readonly flipRate: number;
  readonly patch: {
    readonly flipRate: number;
    readonly rule: string;
    readonly top: number;
    readonly left: number;
    readonly size: number;
  };
  readonly blend: { readonly flipRate: number; readonly rule: string; readonly alpha: number };
}
