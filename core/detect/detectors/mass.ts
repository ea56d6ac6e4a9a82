import { otherClassMeans } from '../class-means.js';
import type { Detector } from '../detector.js';
import { gainOutliers } from '../outlier.js';
import { matrixOf } from './matrix.js';

/** MASS: a trigger's path has an unusually *large* rectified gain on images of other classes. */
export function mass(threshold: number): Detector {
  return {
    id: 'mass',
    title: 'Largest rectified gain',
    cost: 1,
    needs: { values: ['rectified.gain'], parity: [] },
    threshold,
    nullModel: { kind: 'largest-of-classes' },
    score: (features, { own }) =>
      gainOutliers('rectified.gain', otherClassMeans(matrixOf(features, 'rectified.gain'), own), 'large'),
  };
}
