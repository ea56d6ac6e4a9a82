import type { SaliencyRuleName } from '../../scan/features.js';
import { classMeans } from '../class-means.js';
import type { Detector } from '../detector.js';
import { smallOutliers } from '../outlier.js';
import { matrixOf } from './matrix.js';

/** The paper's sparseness alone (its Table 5). */
export function sparse(rule: SaliencyRuleName, threshold: number): Detector {
  const key = `${rule}.sparse` as const;
  return {
    id: 'sparse',
    title: 'Fewest highlighted pixels',
    cost: 1,
    needs: { values: [key], parity: [] },
    threshold,
    nullModel: { kind: 'largest-of-classes' },
    score: (features) => smallOutliers(key, classMeans(matrixOf(features, key))),
  };
}
