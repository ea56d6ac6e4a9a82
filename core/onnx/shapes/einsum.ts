import { stringOf } from '../attributes.js';
import { broadcast, input, malformed } from './call.js';
import type { OpCall, ShapeRule } from './call.js';

/** Labels per operand and of the result; `...` is kept as one label. */
export interface EinsumTerms {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

export const einsum: ShapeRule = (call) => {
  const { inputs, output } = einsumTerms(call);
  const sizes = new Map<string, number>();
  let ellipsis: number[] = [];
  inputs.forEach((labels, index) => {
    const { dims } = input(call, index);
    const hidden = dims.length - labels.filter((label) => label !== '...').length;
    if (hidden < 0 || (hidden > 0 && !labels.includes('...'))) {
      throw malformed(call, `labels ${labels.length} axes of an input with ${dims.length}`);
    }
    let axis = 0;
    for (const label of labels) {
      if (label === '...') {
        ellipsis = broadcast(call, ellipsis, dims.slice(axis, axis + hidden));
        axis += hidden;
        continue;
      }
      const [known, dim] = [sizes.get(label) ?? 1, dims[axis++]!];
      if (known !== dim && known !== 1 && dim !== 1) {
        throw malformed(call, `uses the label "${label}" for axes of ${known} and of ${dim}`);
      }
      sizes.set(label, known === 1 ? dim : known);
    }
  });
  const dims = output.flatMap((label) => {
    if (label === '...') return ellipsis;
    const dim = sizes.get(label);
    if (dim === undefined) throw malformed(call, `yields the label "${label}" that no input has`);
    return [dim];
  });
  return [{ dtype: input(call, 0).dtype, dims }];
};

/** Without `->` the result has the ellipsis and then, in alphabetic order, the labels that occur once. */
export function einsumTerms(call: OpCall): EinsumTerms {
  const equation = stringOf(call.node, 'equation', '').replaceAll(/\s/g, '');
  const [left = '', right, ...rest] = equation.split('->');
  const inputs = left.split(',').map((term) => labelsOf(call, term, equation));
  if (rest.length > 0 || inputs.length !== call.types.length) {
    throw malformed(call, `has the equation "${equation}" for ${call.types.length} input(s)`);
  }
  if (right !== undefined) return { inputs, output: labelsOf(call, right, equation) };
  const all = inputs.flat();
  const once = [...new Set(all)].filter((label) => label !== '...' && all.indexOf(label) === all.lastIndexOf(label));
  return { inputs, output: [...(all.includes('...') ? ['...'] : []), ...once.sort()] };
}

function labelsOf(call: OpCall, term: string, equation: string): string[] {
  const labels: string[] = term.match(/\.\.\.|[A-Za-z]/g) ?? [];
  if (labels.join('') !== term || labels.indexOf('...') !== labels.lastIndexOf('...')) {
    throw malformed(call, `has the equation "${equation}"`);
  }
  return labels;
}
