import { ScanError } from '../../scan/errors.js';
import type { FeatureKey, Parity, SaliencyRuleName, ScanFeatures } from '../../scan/features.js';
import type { FeatureMatrix } from '../class-means.js';

/** @throws ScanError `internal` when the scan did not compute the feature, or not for every class and image. */
export function matrixOf(features: ScanFeatures, key: FeatureKey): FeatureMatrix {
  const { classes, images } = features;
  const values = features.values.get(key);
  if (values?.length !== classes * images) {
    throw new ScanError(
      'internal',
      `feature ${key} has ${values?.length ?? 'no'} values for ${classes} classes x ${images} images`,
    );
  }
  return { values, classes, images };
}

/** @throws ScanError `internal` when the scan did not compute it, or not for an even number of images. */
export function parityOf(features: ScanFeatures, rule: SaliencyRuleName): Parity {
  const parity = features.parity.get(rule);
  if (!parity || parity.images < 2 || parity.images % 2 !== 0) {
    throw new ScanError(
      'internal',
      `persistence of ${rule} maps needs an even number of images, got ${parity?.images ?? 'none'}`,
    );
  }
  const bytes = Math.ceil((parity.height * parity.width) / 8);
  if (parity.bits.length !== features.classes * bytes) {
    throw new ScanError(
      'internal',
      `parity of ${rule} maps has ${parity.bits.length} bytes for ${features.classes} classes`,
    );
  }
  return parity;
}
