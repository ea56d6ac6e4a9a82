import { times } from './broadcast.js';
import { toInput } from './arithmetic.js';
import { formula } from './elementwise.js';
import type { BackwardRule } from './rule.js';

/** Max, Min of any number of inputs: dY goes to the first input that equals the output. */
export const extremum: BackwardRule = (c) => {
  const { emit } = c;
  const f = formula(c);
  let remaining = f.constant(1);
  return c.node.inputs.map((input, i) => {
    const hit = f.mul(emit.op('Cast', [emit.op('Equal', [input, c.output()])], { to: 1 }), remaining);
    remaining = f.sub(remaining, hit);
    return c.needs(i) ? toInput(c, i, times(c, c.lazyDY()!, hit, c.dims(c.output()))) : undefined;
  });
};
