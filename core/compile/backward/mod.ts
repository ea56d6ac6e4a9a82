import { negated, toInput } from './arithmetic.js';
import { times } from './broadcast.js';
import { formula } from './elementwise.js';
import type { BackwardRule } from './rule.js';

/** Y = A - n B with a whole number n that does not change: dA = dY, dB = -dY n. */
export const mod: BackwardRule = (c) => {
  const f = formula(c);
  const whole = (): string => f.div(f.sub(c.input(0), c.output()), c.input(1));
  return [
    c.needs(0) ? toInput(c, 0, c.lazyDY()!) : undefined,
    c.needs(1) ? toInput(c, 1, negated(c, times(c, c.lazyDY()!, whole(), c.dims(c.output())))) : undefined,
  ];
};
