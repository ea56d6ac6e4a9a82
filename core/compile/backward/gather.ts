import { numbersOf, sizeOf } from '../../onnx/tensor.js';
import { axisMatrix, throughAxis } from './axis-map.js';
import { reshapeGradient } from './broadcast.js';
import { along, normalised } from './concat.js';
import { fromCopies } from './copies.js';
import { elementIndices, indicesOf, sliceIndices } from './indexed.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** Constant indices along one axis: dX sums dY over the places an element was copied to. */
export const gather: BackwardRule = (c) => {
  const indices = indicesOf(c, 1);
  const x = c.dims(c.input(0));
  const axis = normalised(c.int('axis', 0), x.length);
  const extent = x[axis]!;
  const picked = numbersOf(indices).map((index) => (index < 0 ? index + extent : index));
  const dY = axis === 0 ? c.fullDY() : c.dY();
  const dims = [...dY.dims.slice(0, axis), picked.length, ...dY.dims.slice(axis + indices.dims.length)];
  return [fromPicks(c, { name: reshapeGradient(c.emit, dY.name, dims), dims }, axis, extent, picked)];
};

/** A constant condition keeps elements along an axis, or of the flattened input. */
export const compress: BackwardRule = (c) => {
  const kept = numbersOf(indicesOf(c, 1)).flatMap((keep, i) => (keep ? [i] : []));
  const x = c.dims(c.input(0));
  if (!c.node.attributes.has('axis')) {
    const flat = fromPicks(c, c.fullDY(), 0, sizeOf(x), kept);
    return [{ name: reshapeGradient(c.emit, flat.name, x), dims: x }];
  }
  const axis = normalised(c.int('axis', 0), x.length);
  return [fromPicks(c, axis === 0 ? c.fullDY() : c.dY(), axis, x[axis]!, kept)];
};

/** dY along `axis` belongs to the elements `picked` of `extent` ones; neighbours are padded, the rest goes through a matrix. */
function fromPicks(
  c: BackwardContext,
  dY: Gradient,
  axis: number,
  extent: number,
  picked: readonly number[],
): Gradient {
  const rank = dY.dims.length;
  const first = picked[0] ?? 0;
  if (picked.every((index, i) => index === first + i)) {
    const before = along(axis + 1, rank + 1, first);
    const after = along(axis + 1, rank + 1, extent - first - picked.length);
    return { name: c.emit.pad(dY.name, before, after), dims: dY.dims.map((dim, k) => (k === axis ? extent : dim)) };
  }
  const matrix = axisMatrix(c, picked.length, extent);
  picked.forEach((index, row) => (matrix[row * extent + index] = 1));
  return throughAxis(c, dY, axis, extent, matrix);
}

/** Element by element along one axis. */
export const gatherElements: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  return [flatCopies(c, elementIndices(c, indicesOf(c, 1), x))];
};

/** Slices at coordinates. */
export const gatherND: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  return [flatCopies(c, sliceIndices(indicesOf(c, 1), x, c.int('batch_dims', 0)))];
};

/** The first `sequence_lens` elements of every sequence in reverse order. */
export const reverseSequence: BackwardRule = (c) => {
  const x = c.dims(c.input(0));
  const lengths = numbersOf(indicesOf(c, 1));
  const [time, batch] = [c.int('time_axis', 0), c.int('batch_axis', 1)];
  const inner = sizeOf(x.slice(2));
  const sources = Int32Array.from({ length: sizeOf(x) }, (_, i) => {
    const place = [Math.floor(i / (x[1]! * inner)), Math.floor(i / inner) % x[1]!];
    const length = lengths[place[batch]!]!;
    if (place[time]! < length) place[time] = length - 1 - place[time]!;
    return (place[0]! * x[1]! + place[1]!) * inner + (i % inner);
  });
  return [flatCopies(c, sources)];
};

function flatCopies(c: BackwardContext, sources: Int32Array): Gradient {
  const x = c.dims(c.input(0));
  const flat = reshapeGradient(c.emit, c.fullDY().name, [sources.length]);
  return fromCopies(c, flat, sources, x, sizeOf(x));
}
