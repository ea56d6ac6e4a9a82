import { negated } from './arithmetic.js';
import { elementwise, type Formula } from './elementwise.js';
import type { BackwardRule } from './rule.js';

/** Elementwise ops of one input whose derivative is one formula. */
export const unary = {
  Abs: elementwise((f) => f.call('Sign', f.x)),
  Acos: elementwise((f) => f.div(-1, f.call('Sqrt', f.sub(1, f.mul(f.x, f.x))))),
  Asin: elementwise((f) => f.div(1, f.call('Sqrt', f.sub(1, f.mul(f.x, f.x))))),
  Atan: elementwise((f) => f.div(1, f.add(f.mul(f.x, f.x), 1))),
  Cos: elementwise((f) => f.call('Neg', f.call('Sin', f.x))),
  Cosh: elementwise((f) => f.call('Sinh', f.x)),
  Erf: elementwise((f) => f.mul(f.call('Exp', f.call('Neg', f.mul(f.x, f.x))), 2 / Math.sqrt(Math.PI))),
  Exp: elementwise((f) => f.y),
  Log: elementwise((f) => f.div(1, f.x)),
  Neg: (c) => [negated(c, c.lazyDY()!)],
  Reciprocal: elementwise((f) => f.call('Neg', f.mul(f.y, f.y))),
  Sigmoid: elementwise((f) => f.mul(f.y, f.sub(1, f.y))),
  Sin: elementwise((f) => f.call('Cos', f.x)),
  Sinh: elementwise((f) => f.call('Cosh', f.x)),
  /** 1 / (2 y); 0 where y is 0, so that the deviation of a constant has a gradient, as in PyTorch. */
  Sqrt: elementwise((f) => {
    const positive = f.greater(f.y, 0);
    return f.div(f.mul(positive, 0.5), f.add(f.y, f.sub(1, positive)));
  }),
  Tan: elementwise((f) => f.add(f.mul(f.y, f.y), 1)),
  Tanh: elementwise((f) => f.sub(1, f.mul(f.y, f.y))),
  Asinh: elementwise((f) => f.div(1, f.call('Sqrt', f.add(f.mul(f.x, f.x), 1)))),
  Acosh: elementwise((f) => f.div(1, f.call('Sqrt', f.sub(f.mul(f.x, f.x), 1)))),
  Atanh: elementwise((f) => f.div(1, f.sub(1, f.mul(f.x, f.x)))),

  /** max(0, min(1, alpha x + beta)) */
  HardSigmoid: elementwise((f, c) => f.mul(inside(f, f.y, 0, 1), c.float('alpha', 0.2))),
  /** x max(0, min(1, x/6 + 1/2)) */
  HardSwish: elementwise((f) => f.add(f.mul(inside(f, f.x, -3, 3), f.sub(f.div(f.x, 3), 0.5)), f.greater(f.x, -3))),
  LeakyRelu: elementwise((f, c) => slope(f, c.float('alpha', 0.01))),
  /** 0 for |x| <= lambd, else x with its sign times bias taken off */
  Shrink: elementwise((f, c) => f.greater(f.call('Abs', f.x), c.float('lambd', 0.5))),
  ThresholdedRelu: elementwise((f, c) => f.greater(f.x, c.float('alpha', 1))),
  /** alpha (exp(x) - 1) for x < 0 */
  Elu: elementwise((f, c) => expTail(f, 1, c.float('alpha', 1), 1)),
  /** alpha (exp(x / alpha) - 1) for x < 0 */
  Celu: elementwise((f, c) => expTail(f, 1, 1, c.float('alpha', 1))),
  /** gamma x, or gamma alpha (exp(x) - 1) for x <= 0 */
  Selu: elementwise((f, c) => {
    const gamma = c.float('gamma', 1.0507009873554805);
    return expTail(f, gamma, gamma * c.float('alpha', 1.6732632423543772), 1);
  }),
  Softplus: elementwise((f) => f.call('Sigmoid', f.x)),
  /** x / (1 + |x|) */
  Softsign: elementwise((f) => {
    const denominator = f.add(f.call('Abs', f.x), 1);
    return f.div(1, f.mul(denominator, denominator));
  }),
  /** x tanh(softplus(x)) */
  Mish: elementwise((f) => {
    const t = f.call('Tanh', f.call('Softplus', f.x));
    return f.add(t, f.mul(f.mul(f.x, f.call('Sigmoid', f.x)), f.sub(1, f.mul(t, t))));
  }),
  /** x sigmoid(alpha x) */
  Swish: elementwise((f, c) => {
    const alpha = c.float('alpha', 1);
    const s = f.call('Sigmoid', f.mul(f.x, alpha));
    return f.add(s, f.mul(f.mul(f.mul(f.x, s), f.sub(1, s)), alpha));
  }),
  Gelu: elementwise((f, c) => (c.text('approximate', 'none') === 'tanh' ? geluTanh(f) : geluErf(f))),
} satisfies Record<string, BackwardRule>;

/** 1 where low < value < high. */
function inside(f: Formula, value: string, low: number, high: number): string {
  return f.mul(f.greater(value, low), f.greater(high, value));
}

/** 1 for x > 0, else alpha. */
function slope(f: Formula, alpha: number): string {
  return f.add(f.mul(f.greater(f.x, 0), 1 - alpha), alpha);
}

/** `scale` for x > 0, else tail exp(x / width); the exponent is clipped at 0 so that the unused branch cannot overflow. */
function expTail(f: Formula, scale: number, tail: number, width: number): string {
  const positive = f.greater(f.x, 0);
  const exponent = f.call('Exp', f.div(f.call('Min', f.x, 0), width));
  return f.add(f.mul(positive, scale), f.mul(f.mul(exponent, tail), f.sub(1, positive)));
}

/** Phi(x) + x phi(x), the Gaussian distribution function and density. */
function geluErf(f: Formula): string {
  const cdf = f.mul(f.add(f.call('Erf', f.div(f.x, Math.SQRT2)), 1), 0.5);
  const density = f.mul(f.call('Exp', f.mul(f.mul(f.x, f.x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return f.add(cdf, f.mul(f.x, density));
}

/** Derivative of 0.5 x (1 + tanh(u)), u = sqrt(2/pi) (x + 0.044715 x^3). */
function geluTanh(f: Formula): string {
  const k = Math.sqrt(2 / Math.PI);
  const square = f.mul(f.x, f.x);
  const t = f.call('Tanh', f.mul(f.mul(f.x, f.add(f.mul(square, 0.044715), 1)), k));
  const du = f.mul(f.add(f.mul(square, 3 * 0.044715), 1), k);
  return f.mul(f.add(f.add(t, 1), f.mul(f.mul(f.x, f.sub(1, f.mul(t, t))), du)), 0.5);
}
