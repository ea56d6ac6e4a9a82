import { clip, clipBounds } from '../compile/backward/clip.js';
import { backward } from '../compile/backward/index.js';
import type { BackwardContext, BackwardRule, BackwardTable, Gradient } from '../compile/backward/rule.js';

/** Piecewise linear with a kink at zero: what a rule says of ReLU holds for them. */
export const kinked = ['Relu', 'LeakyRelu', 'PRelu', 'ThresholdedRelu'] as const;
/** Activations without a kink. Sigmoid, HardSigmoid and Softmax gate or attend and are no activations here. */
const smooth = ['Celu', 'Elu', 'Gelu', 'HardSwish', 'Mish', 'Selu', 'Softplus', 'Softsign', 'Swish', 'Tanh'] as const;

/**
 * The table of a rule that changes how activations pass gradients.
 *
 * @param atKink rule of ReLU and its like, ReLU6 included (a Clip whose lower bound is 0 that is no part of a hard-swish).
 * @param otherwise rule of smooth activations, given their ordinary one; also of a Mul that ends a SiLU, GELU or the like.
 */
export function replaceActivations(
  atKink: (ordinary: BackwardRule) => BackwardRule,
  otherwise: (ordinary: BackwardRule) => BackwardRule,
): BackwardTable {
  const pick = (ops: readonly string[], by: (ordinary: BackwardRule) => BackwardRule): [string, BackwardRule][] =>
    ops.map((op) => [op, outsideActivations(backward[op]!, by(backward[op]!))]);
  const clipped = outsideActivations(clip, atKink(clip));
  const gated = otherwise(backward.Mul!);
  return {
    ...backward,
    ...Object.fromEntries([...pick(kinked, atKink), ...pick(smooth, otherwise)]),
    Clip: (c) => (isRelu(c) ? clipped : clip)(c),
    Mul: (c) => (c.selfGated ? gated : backward.Mul!)(c),
  };
}

/** Within an activation that is written as several nodes every node keeps its ordinary rule. */
function outsideActivations(ordinary: BackwardRule, changed: BackwardRule): BackwardRule {
  return (c) => (c.insideActivation ? ordinary : changed)(c);
}

/** A context whose dY is max(dY, 0): what both guided and rectified saliency let through. */
export function withPositiveGradient(c: BackwardContext): BackwardContext {
  const positive = (gradient: Gradient): Gradient => ({
    name: c.emit.op('Relu', [gradient.name]),
    dims: gradient.dims,
  });
  let cached: Gradient | undefined;
  return {
    ...c,
    lazyDY: (i) => {
      const gradient = c.lazyDY(i);
      return gradient && (cached ??= positive(gradient));
    },
    dY: (i) => positive(c.dY(i)),
    fullDY: (i) => positive(c.fullDY(i)),
  };
}

/** ReLU6 and ReLU written as Clip, but not the Clip(x + 3, 0, 6) inside a hard-swish or hard-sigmoid. */
function isRelu(c: BackwardContext): boolean {
  const { min, max } = clipBounds(c);
  return min === 0 && (max === undefined || max > 0) && !c.shifted;
}
