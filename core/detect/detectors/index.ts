import type { CascadeMethod, PaperMethod, Profile } from '../../scan/profile.js';
import type { Detector } from '../detector.js';
import { combined } from './combined.js';
import { gainEnergy } from './energy.js';
import { guidedGain } from './guided-gain.js';
import { mass } from './mass.js';
import { persistent } from './persistent.js';
import { quiet } from './quiet.js';
import { smooth } from './smooth.js';
import { sparse } from './sparse.js';

/** The first detector of a method leads to its verdict; the others are reported beside it. */
const tables = {
  paper: (method: PaperMethod): readonly [Detector, ...Detector[]] => [
    combined(method),
    sparse(method.rule, method.threshold),
    smooth(method.rule, method.threshold),
    persistent(method.rule, method.threshold),
  ],
  cascade: (method: CascadeMethod): readonly [Detector, ...Detector[]] => [
    gainEnergy(method.gainThreshold),
    mass(method.gainThreshold),
    quiet(method.quietThreshold),
    guidedGain,
  ],
};

export function detectorsFor({ method }: Profile): readonly [Detector, ...Detector[]] {
  return method.kind === 'paper' ? tables.paper(method) : tables.cascade(method);
}
