import type { SaliencyRuleName } from '../../scan/features.js';
import { classMeans } from '../class-means.js';
import type { Detector } from '../detector.js';
import { smallOutliers } from '../outlier.js';
import { matrixOf } from './matrix.js';

/** The paper's smoothness alone (its Table 5). */
export function smooth(rule: SaliencyRuleName, threshold: number): Detector {
  const key = `${rule}.smooth` as const;
  return {
    id: 'smooth',
    title: 'Smoothest saliency map',
    cost: 1,
    needs: { values: [key], parity: [] },
    threshold,
    nullModel: { kind: 'largest-of-classes' },
    score: (features) => smallOutliers(key, classMeans(matrixOf(features, key))),
  };
}
