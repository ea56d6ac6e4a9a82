import type { Convert, OpContext } from '../context.js';

export function matMul(c: OpContext): string {
  const flipped = (index: number, name: string): string =>
    c.bool(name, false) ? c.permuted(index, [1, 0]) : c.input(index);
  return c.emit.op('MatMul', [flipped(0, 'transpose_a'), flipped(1, 'transpose_b')]);
}

/** BatchMatMul, V2 and V3: the last two axes of an adjoint operand change places; the rank need not be known for that. */
export const batchMatMul: Convert = (c) => {
  const adjoint = (index: number, name: string): string =>
    c.bool(name, false) ? c.emit.op('Einsum', [c.input(index)], { equation: '...ij->...ji' }) : c.input(index);
  return c.emit.op('MatMul', [adjoint(0, 'adj_x'), adjoint(1, 'adj_y')]);
};

export const einsum: Convert = (c) => {
  const equation = c.text('equation', '').replaceAll(/\s/g, '');
  if (!equation.includes('->')) c.malformed(`has the equation '${equation}'`);
  return c.emit.op('Einsum', c.inputs, { equation });
};
