import { ScanError } from '../scan/errors.js';
import type { ScanFeatures } from '../scan/features.js';
import type { Reason } from '../scan/result.js';
import type { ImageContext } from './detect.js';
import type { Detector } from './detector.js';
import { fewestClasses } from './outlier.js';

/** A trigger is fitted on one half of the images and judged on the other: two images each. */
export const fewestUsableImages = 4;

/** Below it the model does not see the images as it was trained to, and its gradients mean nothing. */
const lowestAccuracy = 0.5;
/** Accuracy of fewer labelled images than this says too little to refuse a scan. */
const fewestLabels = 4;

/**
 * Why a verdict on these features would not be honest, checked before any statistic is computed.
 * @throws ScanError `internal` when features and context are not of one scan
 */
export function findObstacle(
  detectors: readonly Detector[],
  features: ScanFeatures,
  context: ImageContext,
): Reason | undefined {
  const { classes, images } = features;
  if (context.labels.length !== images || context.predictions.length !== images) {
    throw new ScanError(
      'internal',
      `features of ${images} images came with ${context.labels.length} labels and ${context.predictions.length} predictions`,
    );
  }
  if (classes < fewestClasses) {
    return {
      code: 'too-few-classes',
      message: `the model has ${classes} classes; comparing classes with each other needs at least ${fewestClasses}`,
    };
  }
  if (images < fewestUsableImages) {
    return {
      code: 'too-few-images',
      message: `${images} clean images are too few; give at least ${fewestUsableImages}, better 50`,
    };
  }
  // A model that answers NaN is right about no image, which is not the images' fault.
  return nonFinite(detectors, features) ?? lowAccuracy(context);
}

function lowAccuracy({ labels, predictions, accuracy, preprocessingHint }: ImageContext): Reason | undefined {
  const labelled = labels.filter((label) => label !== undefined).length;
  if (labelled < fewestLabels) return undefined;
  const right = labels.filter((label, image) => label !== undefined && label === predictions[image]).length;
  const share = accuracy ?? right / labelled;
  if (share >= lowestAccuracy) return undefined;
  const next = preprocessingHint
    ? `try ${preprocessingHint}`
    : 'check --layout, --channels, --scale, --mean, --std, and that labels count classes as the model does';
  return {
    code: 'low-accuracy',
    message: `the model is right on only ${percent(share)} of the ${labelled} labelled images, so it does not see them as in training: ${next}`,
  };
}

/** Says which value it was: overflow of one class is a different story from a model that answers NaN throughout. */
function nonFinite(detectors: readonly Detector[], { values, images }: ScanFeatures): Reason | undefined {
  for (const key of new Set(detectors.flatMap(({ needs }) => needs.values))) {
    const position = values.get(key)?.findIndex((value) => !Number.isFinite(value)) ?? -1;
    if (position < 0) continue;
    const count = values.get(key)!.filter((value) => !Number.isFinite(value)).length;
    const value = values.get(key)![position]!;
    return {
      code: 'non-finite-features',
      message: `${key} is ${value} for class ${Math.floor(position / images)} on image ${position % images} (${count} values in all): the model's gradients overflow or are not numbers`,
    };
  }
  return undefined;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
