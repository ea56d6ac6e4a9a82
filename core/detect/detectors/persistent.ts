import { popcount } from '../../features/persistent.js';
import type { SaliencyRuleName, ScanFeatures } from '../../scan/features.js';
import type { Detector } from '../detector.js';
import { smallOutliers } from '../outlier.js';
import { parityOf } from './matrix.js';

/** The paper's persistence alone (its Table 5). */
export function persistent(rule: SaliencyRuleName, threshold: number): Detector {
  return {
    id: 'persistent',
    title: 'Saliency map that stays the same over images',
    cost: 1,
    needs: { values: [], parity: [rule] },
    threshold,
    nullModel: { kind: 'largest-of-classes' },
    score: (features) => smallOutliers(`${rule}.persistent`, parityCounts(features, rule)),
  };
}

/** Pixels set in the parity map of each class. */
export function parityCounts(features: ScanFeatures, rule: SaliencyRuleName): number[] {
  const { height, width, bits } = parityOf(features, rule);
  const bytes = Math.ceil((height * width) / 8);
  return Array.from({ length: features.classes }, (_, index) =>
    popcount(bits.subarray(index * bytes, (index + 1) * bytes)),
  );
}
