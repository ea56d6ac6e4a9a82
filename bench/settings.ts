import type { SaliencyRuleName } from '../core/scan/features.js';

/** One comparison with PyTorch. */
export interface Setting {
  readonly model: string;
  readonly rule: SaliencyRuleName;
  readonly classes: number;
  readonly images: number;
  /** Images per call that PyTorch may choose from. */
  readonly batches: readonly number[];
  readonly quick: boolean;
}

const paperNets = (rule: SaliencyRuleName, quick: boolean): Setting[] => [
  { model: 'gtsrb', rule, classes: 43, images: 24, batches: [4, 12], quick },
  { model: 'mnist', rule, classes: 10, images: 120, batches: [20, 60], quick },
];

export const settings: readonly Setting[] = [
  ...paperNets('guided', true),
  ...paperNets('rectified', false),
  ...paperNets('vanilla', false),
  { model: 'gtsrb-same', rule: 'guided', classes: 43, images: 24, batches: [4, 12], quick: false },
  { model: 'resnet18', rule: 'guided', classes: 32, images: 2, batches: [1, 2], quick: false },
];
