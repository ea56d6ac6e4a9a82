import { reshapeGradient } from './broadcast.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/**
 * A product summed over letters. dX of one operand is the einsum of dY and the other operands to the letters of that operand,
 * with one more letter in front for the class. A letter that only this operand has was summed: its gradient is the same along
 * it, so the axis stays lazy. A letter twice in the operand takes the diagonal, so the gradient is zero off it.
 */
export const einsum: BackwardRule = (c) => {
  const equation = parse(c);
  return c.node.inputs.map((_, i) => (c.needs(i) ? operandGradient(c, equation, i) : undefined));
};

interface Equation {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
  readonly unused: string;
}

function operandGradient(c: BackwardContext, { operands, result, unused }: Equation, i: number): Gradient {
  const { emit } = c;
  const own = operands[i]!;
  const x = c.dims(c.input(i));
  const others = operands.flatMap((letters, k) =>
    k === i ? [] : [{ letters, name: c.input(k), dims: c.dims(c.input(k)) }],
  );
  const extents = new Map<string, number>();
  for (const { letters, dims } of [...others, { letters: result, dims: c.dims(c.output()) }])
    letters.forEach((letter, axis) => extents.set(letter, Math.max(extents.get(letter) ?? 1, dims[axis]!)));
  const distinct = [...new Set(own)];
  const kept = distinct.filter((letter) => extents.has(letter));

  const terms = [[unused, ...result], ...others.map(({ letters }) => letters)].map((letters) => letters.join(''));
  const equation = `${terms.join(',')}->${[unused, ...kept].join('')}`;
  let name = emit.op('Einsum', [c.fullDY().name, ...others.map((other) => other.name)], { equation });

  // An operand of extent 1 along a letter that is longer elsewhere was stretched.
  const extentOf = (letter: string): number => x[own.indexOf(letter)]!;
  const stretched = kept.flatMap((letter, axis) =>
    extentOf(letter) === 1 && extents.get(letter) !== 1 ? [axis + 1] : [],
  );
  name = emit.reduceSum(name, stretched, true);
  const dims = distinct.map((letter) => (kept.includes(letter) ? extentOf(letter) : 1));
  name = reshapeGradient(emit, name, dims);
  return distinct.length === own.length ? { name, dims } : ontoDiagonal(c, { name, dims }, distinct, own, x);
}

function ontoDiagonal(
  c: BackwardContext,
  gradient: Gradient,
  distinct: readonly string[],
  own: readonly string[],
  x: readonly number[],
): Gradient {
  const { emit } = c;
  const seen = new Set<string>();
  const first = own.map((letter) => !seen.has(letter) && !!seen.add(letter));
  const spread = own.map((letter, axis) => (first[axis] ? gradient.dims[distinct.indexOf(letter)]! : 1));
  let name = reshapeGradient(emit, gradient.name, spread);
  own.forEach((letter, axis) => {
    if (first[axis]) return;
    const extent = x[axis]!;
    const eye = Float32Array.from({ length: extent * extent }, (_, k) => (k % (extent + 1) === 0 ? 1 : 0));
    const dims = own.map((_, k) => (k === axis || k === own.indexOf(letter) ? extent : 1));
    name = emit.op('Mul', [name, emit.constant({ dtype: 'float32', dims, data: eye }, 'diagonal')]);
  });
  return {
    name,
    dims: own.map((letter, axis) => (own.indexOf(letter) === own.lastIndexOf(letter) ? spread[axis]! : x[axis]!)),
  };
}

/** Letters per axis, an ellipsis spelt out in letters the equation does not use. */
function parse(c: BackwardContext): Equation {
  const text = c.text('equation', '').replaceAll(' ', '');
  const [left = '', right] = text.split('->');
  const free = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
    .split('')
    .filter((letter) => !text.includes(letter));
  const terms = left.split(',');
  const covered = terms.map((term, i) => (term.includes('...') ? c.dims(c.input(i)).length - (term.length - 3) : 0));
  const longest = Math.max(...covered);
  const ellipsis = free.slice(1, 1 + longest);
  if (ellipsis.length < longest) c.unsupported('an equation of more than 52 letters');
  const unused = free[0] ?? c.unsupported('an equation of more than 51 letters');
  const spelt = (term: string, count: number): string[] =>
    term.replace('...', ellipsis.slice(longest - count).join('')).split('');
  const operands = terms.map((term, i) => spelt(term, covered[i]!));
  const result = right === undefined ? implicitResult(terms, ellipsis) : spelt(right, longest);
  return { operands, result, unused };
}

/** Without an arrow: the ellipsis, then every letter that occurs once, in alphabetical order. */
function implicitResult(terms: readonly string[], ellipsis: readonly string[]): string[] {
  const letters = terms.join('').replaceAll('.', '').split('');
  const single = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return [...(terms.some((term) => term.includes('...')) ? ellipsis : []), ...single];
}
