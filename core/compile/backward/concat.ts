import type { BackwardRule, Gradient } from './rule.js';
import { expandGradient } from '../differentiate.js';

/** Each input gets its slice of dY. */
export const concat: BackwardRule = (c) => {
  const dY = c.lazyDY()!;
  const rank = dY.dims.length;
  const axis = normalised(c.int('axis', 0), rank);
  let start = 0;
  return c.node.inputs.map((input, i) => {
    const extent = c.dims(input)[axis]!;
    const end = (start += extent);
    if (!c.needs(i)) return undefined;
    if (dY.dims[axis] === 1 && c.dims(c.output())[axis] !== 1) return dY;
    const name = c.emit.slice(dY.name, [end - extent], [end], [axis + 1]);
    return { name, dims: dY.dims.map((dim, k) => (k === axis ? extent : dim)) };
  });
};

/** dX is the outputs' gradients side by side; an output that nothing uses counts as zero. */
export const split: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const axis = normalised(c.int('axis', 0), x.length);
  const given = c.node.outputs.flatMap((output, i) => {
    const gradient = c.lazyDY(i);
    return gradient ? [{ output, gradient }] : [];
  });
  const common = x.map((_, k) => (given.some(({ gradient }) => gradient.dims[k] !== 1) ? x[k]! : 1));
  const offsets = new Map<string, number>();
  c.node.outputs.reduce((start, output) => (offsets.set(output, start), start + c.dims(output)[axis]!), 0);
  const pieces = given.map(({ output, gradient }) => {
    const extent = c.dims(output)[axis]!;
    const piece = expandGradient(
      c.emit,
      gradient,
      common.map((dim, k) => (k === axis ? extent : dim)),
    );
    return { piece, start: offsets.get(output)!, extent };
  });
  const dims = common.map((dim, k) => (k === axis ? x[k]! : dim));
  if (pieces.length === c.node.outputs.length) {
    return [
      {
        name: c.emit.op(
          'Concat',
          pieces.map(({ piece }) => piece.name),
          { axis: axis + 1 },
        ),
        dims,
      },
    ];
  }
  const padded = pieces.map(({ piece, start, extent }) =>
    c.emit.pad(
      piece.name,
      along(axis + 1, dims.length + 1, start),
      along(axis + 1, dims.length + 1, x[axis]! - start - extent),
    ),
  );
  const total: Gradient = { name: padded.reduce((a, b) => c.emit.op('Add', [a, b])), dims };
  return [total];
};

export function normalised(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** A vector of `rank` zeros with `value` at `axis`. */
export function along(axis: number, rank: number, value: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i === axis ? value : 0));
}
