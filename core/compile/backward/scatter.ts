import { sizeOf } from '../../onnx/tensor.js';
import { reshapeGradient, times } from './broadcast.js';
import { elementIndices, indicesOf, sliceIndices } from './indexed.js';
import type { BackwardContext, BackwardRule, Gradient } from './rule.js';

/** Constant places of the data are overwritten with the updates, or the updates added to them. */
export const scatterElements: BackwardRule = (c) =>
  scattered(c, elementIndices(c, indicesOf(c, 1), c.dims(c.input(0))));

export const scatterND: BackwardRule = (c) => scattered(c, sliceIndices(indicesOf(c, 1), c.dims(c.input(0))));

/** @param places for every update the flat element of the data it goes to; of several to one place the last wins. */
function scattered(c: BackwardContext, places: Int32Array): readonly (Gradient | undefined)[] {
  const reduction = c.text('reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') c.unsupported(`reduction '${reduction}'`);
  const { emit } = c;
  const x = c.dims(c.input(0));
  const updates = c.dims(c.input(2));

  const toData = (): Gradient => {
    if (reduction === 'add') return c.lazyDY()!;
    const kept = new Float32Array(sizeOf(x)).fill(1);
    for (const place of places) kept[place] = 0;
    return times(c, c.lazyDY()!, emit.constant({ dtype: 'float32', dims: x, data: kept }, 'kept'), x);
  };
  const toUpdates = (): Gradient => {
    const flat = reshapeGradient(emit, c.fullDY().name, [sizeOf(x)]);
    const indices = emit.constant(
      { dtype: 'int64', dims: updates, data: BigInt64Array.from(places, BigInt) },
      'places',
    );
    const picked = { name: emit.op('Gather', [flat, indices], { axis: 1 }), dims: updates };
    return reduction === 'add' ? picked : lastWins(c, picked, places);
  };
  return [c.needs(0) ? toData() : undefined, undefined, c.needs(2) ? toUpdates() : undefined];
}

function lastWins(c: BackwardContext, picked: Gradient, places: Int32Array): Gradient {
  const last = new Map(Array.from(places, (place, i) => [place, i]));
  if (last.size === places.length) return picked;
  const wins = Float32Array.from(places, (place, i) => (last.get(place) === i ? 1 : 0));
  const mask = c.emit.constant({ dtype: 'float32', dims: picked.dims, data: wins }, 'wins');
  return times(c, picked, mask, picked.dims);
}
