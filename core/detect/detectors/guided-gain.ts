import { otherClassMeans } from '../class-means.js';
import type { Detector } from '../detector.js';
import { argmax } from '../detector.js';
import { gainOutliers } from '../outlier.js';
import { matrixOf } from './matrix.js';

/** Points to the class with the largest guided gain; how far it stands out is no test by itself. */
export const guidedGain: Detector = {
  id: 'guided-gain',
  title: 'Largest guided gain (candidate)',
  cost: 1,
  needs: { values: ['guided.gain'], parity: [] },
  threshold: undefined,
  nullModel: { kind: 'largest-of-classes' },
  score(features, { own }) {
    const gains = otherClassMeans(matrixOf(features, 'guided.gain'), own);
    const outliers = gainOutliers('guided.gain', gains, 'large');
    const classIndex = argmax(gains);
    return { ...outliers, classIndex, value: outliers.indices[classIndex]! };
  },
};
