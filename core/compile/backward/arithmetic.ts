import { float32, numbersOf } from '../../onnx/tensor.js';
import { times, unbroadcast } from './broadcast.js';
import { formula } from './elementwise.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** dA = dY, dB = dY, summed over what broadcasting stretched. */
export const add: BackwardRule = (c) => [0, 1].map((i) => (c.needs(i) ? toInput(c, i, c.lazyDY()!) : undefined));

/** dA = dY, dB = -dY */
export const sub: BackwardRule = (c) => [
  c.needs(0) ? toInput(c, 0, c.lazyDY()!) : undefined,
  c.needs(1) ? toInput(c, 1, negated(c, c.lazyDY()!)) : undefined,
];

/** dA = dY B, dB = dY A */
export const mul: BackwardRule = (c) =>
  [0, 1].map((i) => (c.needs(i) ? toInput(c, i, times(c, c.lazyDY()!, c.input(1 - i))) : undefined));

/** dA = dY / B, dB = -dY Y / B */
export const div: BackwardRule = (c) => {
  const { emit } = c;
  const share = (): Gradient => {
    const dY = c.lazyDY()!;
    const perUnit = emit.op('Reciprocal', [c.input(1)]);
    return times(c, dY, perUnit, c.dims(c.input(1)));
  };
  return [
    c.needs(0) ? toInput(c, 0, share()) : undefined,
    c.needs(1) ? toInput(c, 1, negated(c, times(c, share(), c.output()))) : undefined,
  ];
};

/** Y = A^B: dA = dY B A^(B-1), dB = dY Y ln A; 0 where A is 0 and these have no finite value. */
export const pow: BackwardRule = (c) => {
  const { emit } = c;
  const f = formula(c);
  const result = c.dims(c.output());
  const [a, given] = [c.input(0), c.input(1)];
  const known = c.constant(given);
  const b =
    !known || known.dtype === 'float32' ? given : emit.constant(float32(known.dims, numbersOf(known)), 'exponent');
  const dY = c.lazyDY()!;
  const viaBase = (): Gradient => {
    const exponents = known && numbersOf(known);
    if (exponents?.every((exponent) => exponent === 2)) return times(c, dY, f.mul(a, 2), c.dims(a));
    if (exponents?.every((exponent) => exponent >= 1)) {
      return times(c, dY, f.mul(b, f.call('Pow', a, f.sub(b, 1))), result);
    }
    const infinite = f.mul(emit.op('Cast', [emit.op('Equal', [a, f.constant(0)])], { to: 1 }), f.greater(1, b));
    const power = f.call('Pow', f.add(a, infinite), f.sub(b, 1));
    return times(c, dY, f.mul(f.mul(b, f.sub(1, infinite)), power), result);
  };
  const viaExponent = (): string => {
    const positive = f.greater(a, 0);
    return f.mul(f.mul(c.output(), f.call('Log', f.add(f.mul(a, positive), f.sub(1, positive)))), positive);
  };
  return [
    c.needs(0) ? toInput(c, 0, viaBase()) : undefined,
    c.needs(1) ? toInput(c, 1, times(c, dY, viaExponent(), result)) : undefined,
  ];
};

/** Sum of any number of inputs: each gets dY. */
export const sum: BackwardRule = (c) =>
  c.node.inputs.map((_, i) => (c.needs(i) ? toInput(c, i, c.lazyDY()!) : undefined));

/** Mean of n inputs: each gets dY / n. */
export const mean: BackwardRule = (c) => {
  const scaled = scaledBy(c, c.lazyDY()!, 1 / c.node.inputs.length);
  return c.node.inputs.map((_, i) => (c.needs(i) ? toInput(c, i, scaled) : undefined));
};

/** PRelu: dX = dY (x > 0 ? 1 : slope), dSlope = dY min(x, 0) */
export const prelu: BackwardRule = (c) => {
  const f = formula(c);
  const result = c.dims(c.output());
  const positive = f.greater(c.input(0), 0);
  const derivative = (): string => f.add(positive, f.mul(f.sub(1, positive), c.input(1)));
  return [
    c.needs(0) ? toInput(c, 0, times(c, c.lazyDY()!, derivative(), result)) : undefined,
    c.needs(1) ? toInput(c, 1, times(c, c.lazyDY()!, f.call('Min', c.input(0), 0), result)) : undefined,
  ];
};

/** The share of a gradient of the (broadcast) output that belongs to input i. */
export function toInput(c: BackwardContext, i: number, gradient: Gradient): Gradient {
  return unbroadcast(c, gradient, c.dims(c.input(i)), c.dims(c.output()));
}

export function negated({ emit }: BackwardContext, gradient: Gradient): Gradient {
  return { name: emit.op('Neg', [gradient.name]), dims: gradient.dims };
}

export function scaledBy({ emit }: BackwardContext, gradient: Gradient, factor: number): Gradient {
  if (factor === 1) return gradient;
  const constant = emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(factor) });
  return { name: emit.op('Mul', [gradient.name, constant]), dims: gradient.dims };
}
