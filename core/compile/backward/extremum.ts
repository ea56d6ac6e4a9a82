import { toInput } from './arithmetic.js';
import { times } from './broadcast.js';
import { formula } from './elementwise.js';
import type { BackwardRule } from './rule.js';

/**
 * Max, Min of any number of inputs: dY is shared evenly among the inputs that equal the output, as PyTorch and JAX do.
 * Max with a number never comes here: it is a Clip, which passes nothing at its bounds.
 */
export const extremum: BackwardRule = (c) => {
  const { emit } = c;
  const f = formula(c);
  const hits = c.node.inputs.map((name) => emit.op('Cast', [emit.op('Equal', [name, c.output()])], { to: 1 }));
  const count = hits.reduce((sum, hit) => f.add(sum, hit));
  return hits.map((hit, i) => {
    if (!c.needs(i)) return undefined;
    return toInput(c, i, times(c, c.lazyDY()!, f.div(hit, count), c.dims(c.output())));
  });
};
