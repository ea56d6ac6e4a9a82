import type { BackwardRule } from '../compile/backward/rule.js';
import { replaceActivations, withPositiveGradient } from './activation.js';

/** Guided backpropagation (Springenberg et al. 2014): at a ReLU, dX = max(dY, 0) [x > 0]; at any other activation f, dX = max(dY, 0) f'(x). */
const clippedFirst =
  (ordinary: BackwardRule): BackwardRule =>
  (c) =>
    ordinary(withPositiveGradient(c));

export const guided = replaceActivations(clippedFirst, clippedFirst);
