import { ScanError } from './errors.js';
import type { CascadeMethod, InversionSettings, Profile } from './profile.js';

/**
 * Gains of three saliency rules point to one class, a short trigger inversion of that class confirms or not.
 * The thresholds are those frozen before the models they were scored on were trained.
 */
export const cascade1: Profile & { readonly method: CascadeMethod } = {
  name: 'cascade-1',
  version: 1,
  images: 50,
  saliency: [
    { rule: 'guided', features: ['gain'] },
    { rule: 'rectified', features: ['gain'] },
    { rule: 'vanilla', features: ['gain'] },
  ],
  persistence: { images: 10, threshold: 0.5 },
  method: {
    kind: 'cascade',
    gainThreshold: 2,
    energyThreshold: 3.5,
    probeThreshold: 0.5,
    quietThreshold: 4,
    inversion: { windows: [3, 4, 6, 8, 11, 14], steps: 40, rate: 0.4, betas: [0.5, 0.9], batch: 16, maskWeight: 0.02 },
  },
};

/** NeuronInspect as published (Huang et al. 2019): three features of the rectified map, combined with the paper's weights. */
export const paper2019: Profile = {
  name: 'paper-2019',
  version: 1,
  images: 50,
  saliency: [{ rule: 'rectified', features: ['sparse', 'smooth', 'persistent'] }],
  persistence: { images: 10, threshold: 0.5 },
  method: {
    kind: 'paper',
    rule: 'rectified',
    weights: { gray: [0.1, 1, 1], colour: [1, 1, 10] },
    threshold: 2,
  },
};

export const defaultProfile = cascade1;
export const profiles: readonly Profile[] = [cascade1, paper2019];

/** @throws ScanError `usage` for a name that is not built in. */
export function profileNamed(name: string): Profile {
  const profile = profiles.find((candidate) => candidate.name === name);
  if (profile) return profile;
  const names = profiles.map((candidate) => candidate.name).join(', ');
  throw new ScanError('usage', `there is no profile "${name}"; choose one of: ${names}`);
}

/** The paper's method inverts nothing; its evidence is made with the default settings. */
export function inversionOf({ method }: Profile): InversionSettings {
  return method.kind === 'cascade' ? method.inversion : cascade1.method.inversion;
}
