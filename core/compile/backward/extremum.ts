import { toInput } from './arithmetic.js';
import { times } from './broadcast.js';
import { formula } from './elementwise.js';
import type { BackwardRule, Gradient } from './rule.js';

/**
 * Max, Min of any number of inputs: dY goes to the first input that equals the output. Inputs that do not depend on the image
 * come first, so that Max(x, 0) is a ReLU: nothing flows back at x = 0.
 */
export const extremum: BackwardRule = (c) => {
  const { emit } = c;
  const f = formula(c);
  const all = c.node.inputs.map((_, i) => i);
  const order = [...all.filter((i) => !c.needs(i)), ...all.filter((i) => c.needs(i))];
  const gradients: (Gradient | undefined)[] = all.map(() => undefined);
  let remaining = f.constant(1);
  for (const i of order) {
    const equal = emit.op('Cast', [emit.op('Equal', [c.input(i), c.output()])], { to: 1 });
    const hit = f.mul(equal, remaining);
    remaining = f.sub(remaining, hit);
    if (c.needs(i)) gradients[i] = toInput(c, i, times(c, c.lazyDY()!, hit, c.dims(c.output())));
  }
  return gradients;
};
