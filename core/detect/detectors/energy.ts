import type { Detector } from '../detector.js';
import { guidedGain } from './guided-gain.js';
import { mass } from './mass.js';
import { quiet } from './quiet.js';

/** The cascade's first stage: MASS or QUIET, but only at the class that the guided gain points to. */
export function gainEnergy(threshold: number): Detector {
  const parts = [mass(threshold), quiet(threshold)];
  return {
    id: 'gain-energy',
    title: 'Gain outlier at the candidate class',
    cost: 3,
    needs: { values: ['guided.gain', 'rectified.gain', 'vanilla.gain'], parity: [] },
    threshold,
    nullModel: { kind: 'one-class', features: parts.length },
    score(scan, context) {
      const candidate = guidedGain.score(scan, context);
      const scores = parts.map((part) => part.score(scan, context));
      const indices = candidate.indices.map((_, index) => Math.max(...scores.map((score) => score.indices[index]!)));
      const { classIndex } = candidate;
      return {
        indices,
        classIndex,
        value: indices[classIndex]!,
        features: [candidate, ...scores].reduce((all, { features }) => ({ ...all, ...features }), {}),
        problem: candidate.problem ?? scores.find((score) => score.problem)?.problem,
      };
    },
  };
}
