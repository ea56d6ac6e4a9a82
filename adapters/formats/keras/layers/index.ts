import type { LayerRule, RuleTable } from '../layer.js';
import { activationLayers } from './activation.js';
import { attentionLayers } from './attention.js';
import { dotAttentionLayers } from './dot-attention.js';
import { convolutionLayers } from './convolution.js';
import { coreLayers } from './core.js';
import { identityLayers } from './identity.js';
import { imageLayers } from './image.js';
import { mergeLayers } from './merge.js';
import { normalizationLayers } from './normalization.js';
import { paddingLayers } from './padding.js';
import { poolingLayers } from './pooling.js';
import { refusedLayers } from './refused.js';
import { operations } from '../operations/index.js';
import { tensorflowLayers } from '../operations/tensorflow.js';

/** One rule per class of Keras; operations of Keras 3's Functional models are in the same table. */
export const layerRules: Readonly<Record<string, LayerRule>> = merge(
  activationLayers,
  attentionLayers,
  convolutionLayers,
  dotAttentionLayers,
  coreLayers,
  identityLayers,
  imageLayers,
  mergeLayers,
  normalizationLayers,
  paddingLayers,
  poolingLayers,
  refusedLayers,
  operations,
  tensorflowLayers,
);

function merge(...tables: readonly RuleTable[]): Record<string, LayerRule> {
  const rules: Record<string, LayerRule> = {};
  for (const [name, rule] of tables.flatMap((table) => Object.entries(table))) {
    if (Object.hasOwn(rules, name)) throw new Error(`two rules for the layer ${name}`);
    rules[name] = rule;
  }
  return rules;
}
