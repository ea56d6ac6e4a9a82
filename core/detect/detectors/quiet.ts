import { otherClassMeans } from '../class-means.js';
import type { Detector } from '../detector.js';
import { gainOutliers } from '../outlier.js';
import { matrixOf } from './matrix.js';

/** QUIET: an unusually *small* plain gain is a sign of mislabelled training images, with or without a trigger. */
export function quiet(threshold: number): Detector {
  return {
    id: 'quiet',
    title: 'Smallest vanilla gain (label poisoning)',
    cost: 1,
    needs: { values: ['vanilla.gain'], parity: [] },
    threshold,
    nullModel: { kind: 'largest-of-classes' },
    score: (features, { own }) =>
      gainOutliers('vanilla.gain', otherClassMeans(matrixOf(features, 'vanilla.gain'), own), 'small'),
  };
}
