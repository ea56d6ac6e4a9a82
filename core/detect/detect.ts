import type { ScanFeatures } from '../scan/features.js';
import type { Profile } from '../scan/profile.js';
import type { ClassReport, DetectorReport, Reason } from '../scan/result.js';
import type { Detector, DetectorContext, DetectorScores } from './detector.js';
import { detectorsFor } from './detectors/index.js';
import { describeNull, holm, nullTables, pValue } from './p-value.js';
import type { NullTable, NullTables } from './p-value.js';
import { findObstacle, fewestUsableImages } from './obstacles.js';

/** What stage one found; plain JSON. */
export interface Detection {
  /** Why no honest verdict is possible. `candidates` is then empty. */
  readonly inconclusive?: Reason | undefined;
  /** Classes to confirm by inversion, the most suspicious one first. */
  readonly candidates: readonly number[];
  /** Classes above the threshold of the detector that leads to the verdict. */
  readonly flagged: readonly number[];
  readonly classes: readonly ClassReport[];
  /** The first one leads to the verdict. */
  readonly detectors: readonly DetectorReport[];
  /** Index of the first detector over its threshold: above 1 it fired. Stage two adds to it. */
  readonly score?: number | undefined;
  /** Of the first detector. Not corrected: it is chosen before the model is seen. */
  readonly pValue?: number | undefined;
  /** What weakens the result without forbidding it. */
  readonly notes: readonly string[];
}

/** What is known of the clean images and of the model's answers to them. */
export interface ImageContext {
  readonly labels: readonly (number | undefined)[];
  readonly predictions: readonly number[];
  /** Share of labelled images predicted right. */
  readonly accuracy?: number | undefined;
  readonly classNames?: readonly string[] | undefined;
  /** Channels of the model's input. */
  readonly channels: number;
  /** Preprocessing flags that would make the model much more accurate. */
  readonly preprocessingHint?: string | undefined;
}

/** The paper flags as many classes as stand out; inversion of each costs, and a person reads no more. */
const mostCandidates = 3;
const fewImages = 10;

/**
 * Stage one: outlier detection on the features of all classes.
 * @param tables keep one over several calls to simulate each class count once
 * @throws ScanError `internal` when features or context do not fit the profile or each other
 */
export function detect(
  profile: Profile,
  features: ScanFeatures,
  context: ImageContext,
  tables: NullTables = nullTables(),
): Detection {
  const detectors = detectorsFor(profile);
  const own = ownClasses(features.classes, context);
  const obstacle = findObstacle(detectors, features, context);
  if (obstacle) return nothing(obstacle, features.classes, context.classNames);

  const scored = detectors.map((detector) => ({
    detector,
    scores: detector.score(features, { own, channels: context.channels } satisfies DetectorContext),
  }));
  const classes = classReports(features.classes, scored, context.classNames);
  const reports = detectorReports(features.classes, scored, tables);
  const lead = scored[0]!;
  const notes = findNotes(features, own);
  const { problem, classIndex, value, indices } = lead.scores;
  if (problem) return { inconclusive: problem, candidates: [], flagged: [], classes, detectors: reports, notes };

  const threshold = lead.detector.threshold!;
  const ranked = indices.map((_, index) => index).sort((a, b) => indices[b]! - indices[a]! || a - b);
  const above = ranked.filter((index) => indices[index]! > threshold);
  const flagged = profile.method.kind === 'paper' ? above : value > threshold ? [classIndex] : [];
  const candidates = profile.method.kind === 'paper' ? above.slice(0, mostCandidates) : [classIndex];
  const uninvertible = profile.method.kind === 'cascade' ? tooFewOthers(classIndex, own) : undefined;
  return {
    ...(uninvertible ? { inconclusive: uninvertible } : {}),
    candidates: uninvertible ? [] : candidates,
    flagged,
    classes,
    detectors: reports,
    score: value / threshold,
    pValue: reports[0]!.pValue,
    notes,
  };
}

/** The candidates that `detect` finds, without simulating what it compares their values with: they do not depend on that. */
export function candidatesOf(profile: Profile, features: ScanFeatures, context: ImageContext): readonly number[] {
  return detect(profile, features, context, () => unseen).candidates;
}

const unseen: NullTable = { largest: () => 1, oneClass: () => 1 };

interface Scored {
  readonly detector: Detector;
  readonly scores: DetectorScores;
}

/** A label outside the model's classes says nothing about the model's classes. */
function ownClasses(classes: number, { labels, predictions }: ImageContext): number[] {
  return predictions.map((prediction, image) => {
    const label = labels[image];
    return label !== undefined && Number.isInteger(label) && label >= 0 && label < classes ? label : prediction;
  });
}

function classReports(classes: number, scored: readonly Scored[], names: ImageContext['classNames']): ClassReport[] {
  return Array.from({ length: classes }, (_, index) => {
    const features: Record<string, number> = {};
    const indices: Record<string, number> = {};
    for (const { detector, scores } of scored) {
      for (const [key, values] of Object.entries(scores.features)) features[key] = values[index]!;
      indices[detector.id] = scores.indices[index]!;
    }
    return { index, name: names?.[index], features, indices };
  });
}

/** The leading test keeps its own p-value; the others were tried beside it and are corrected as a family. */
function detectorReports(classes: number, scored: readonly Scored[], tables: NullTables): DetectorReport[] {
  const tests = scored.filter(({ detector }) => detector.threshold !== undefined);
  const raw = tests.map(({ detector, scores }) =>
    scores.problem ? 1 : pValue(detector.nullModel, scores.value, classes, tables),
  );
  const corrected = holm(raw);
  return tests.map(({ detector, scores }, position) => {
    const threshold = detector.threshold!;
    const { id, title, nullModel } = detector;
    const { classIndex, value } = scores;
    const report = { id, title, classIndex, value, threshold, fired: value > threshold };
    if (scores.problem) return report;
    const correction = position === 0 ? '' : `; Holm-corrected for ${tests.length} tests on this model`;
    return {
      ...report,
      pValue: position === 0 ? raw[0] : corrected[position],
      nullHypothesis: describeNull(nullModel, classes) + correction,
    };
  });
}

function tooFewOthers(candidate: number, own: readonly number[]): Reason | undefined {
  const others = own.filter((index) => index !== candidate).length;
  if (others >= fewestUsableImages) return undefined;
  return {
    code: 'too-few-images',
    message: `only ${others} clean images are not of class ${candidate}, the class to confirm; ${fewestUsableImages} are needed: add images of other classes`,
  };
}

function findNotes({ classes, images }: ScanFeatures, own: readonly number[]): string[] {
  const notes: string[] = [];
  if (images < fewImages) {
    notes.push(`only ${images} clean images: expect misses and false alarms, use ${fewImages} or better 50`);
  }
  const [first] = own;
  if (first !== undefined && first < classes && own.every((index) => index === first)) {
    notes.push(`all images are of class ${first}: its features are averaged over its own images`);
  }
  return notes;
}

function nothing(reason: Reason, classes: number, names: ImageContext['classNames']): Detection {
  return {
    inconclusive: reason,
    candidates: [],
    flagged: [],
    classes: Array.from({ length: classes }, (_, index) => ({
      index,
      name: names?.[index],
      features: {},
      indices: {},
    })),
    detectors: [],
    notes: [],
  };
}
