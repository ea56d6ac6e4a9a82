import { combine } from '../../features/combine.js';
import type { PaperMethod } from '../../scan/profile.js';
import { classMeans } from '../class-means.js';
import type { Detector } from '../detector.js';
import { smallOutliers } from '../outlier.js';
import { matrixOf } from './matrix.js';
import { parityCounts } from './persistent.js';

/** The paper's detector (sections "Combined Feature" and "Outlier detection"). Features are averaged over all images. */
export function combined({ rule, weights, threshold }: PaperMethod): Detector {
  const sparseKey = `${rule}.sparse` as const;
  const smoothKey = `${rule}.smooth` as const;
  return {
    id: 'combined',
    title: 'Combined saliency features of the paper',
    cost: 1,
    needs: { values: [sparseKey, smoothKey], parity: [rule] },
    threshold,
    nullModel: { kind: 'largest-of-classes' },
    score(features, { channels }) {
      const sparse = classMeans(matrixOf(features, sparseKey));
      const smooth = classMeans(matrixOf(features, smoothKey));
      const persistent = parityCounts(features, rule);
      const chosen = channels === 1 ? weights.gray : weights.colour;
      const values = persistent.map((count, index) =>
        combine({ sparse: sparse[index]!, smooth: smooth[index]!, persistent: count }, chosen),
      );
      return smallOutliers(`${rule}.combined`, values);
    },
  };
}
