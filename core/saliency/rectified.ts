import type { BackwardRule } from '../compile/backward/rule.js';
import { replaceActivations, withPositiveGradient } from './activation.js';

/**
 * Rectified saliency (paper, section "Saliency Map Generation"; keras-vis): "clip negative gradients in the backprop phase".
 * At a ReLU and its like, dX = max(dY, 0) whatever the forward activation was; at a smooth activation f, which has no gate to
 * ignore, dX = max(dY, 0) f'(x).
 */
const clippedOnly: BackwardRule = (c) => [withPositiveGradient(c).lazyDY()];
const clippedFirst =
  (ordinary: BackwardRule): BackwardRule =>
  (c) =>
    ordinary(withPositiveGradient(c));

export const rectified = replaceActivations(() => clippedOnly, clippedFirst);
