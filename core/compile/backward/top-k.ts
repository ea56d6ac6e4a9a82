import { normalised } from './concat.js';
import { toFloat } from './relu.js';
import type { BackwardRule } from './rule.js';

/** dY goes back to where the values came from. The places do not depend on the class, so they are one mask for all. */
export const topK: BackwardRule = (c) => {
  const { emit } = c;
  const x = c.dims(c.input(0));
  const axis = normalised(c.int('axis', -1), x.length);
  const extent = x[axis]!;
  const indices = c.node.outputs[1] ? c.output(1) : emit.ops('TopK', c.node.inputs, 2, attributesOf(c))[1]!;
  const count = c.dims(c.output())[axis]!;
  const dY = axis === 0 ? c.fullDY() : c.dY();

  // [..., count, ...] to [..., 1, count] and back from [..., 1, extent].
  const others = x.map((_, i) => i).filter((i) => i !== axis);
  const there = [...others, axis];
  const back = x.map((_, i) => there.indexOf(i));
  const last = (dims: readonly number[], size: number): number[] => [...others.map((i) => dims[i]!), size];
  const all = emit.constant({
    dtype: 'int64',
    dims: [extent],
    data: BigInt64Array.from({ length: extent }, (_, i) => BigInt(i)),
  });
  const places = emit.reshape(emit.transpose(indices, there), [...last(x, count), 1]);
  const mask = toFloat(emit, emit.op('Equal', [places, all]));
  const row = emit.reshape(emit.transpose(dY.name, [0, ...there.map((i) => i + 1)]), [
    -1,
    ...others.map((i) => dY.dims[i]!),
    1,
    count,
  ]);
  const spread = emit.reshape(emit.op('MatMul', [row, mask]), [-1, ...last(x, extent)]);
  return [{ name: emit.transpose(spread, [0, ...back.map((i) => i + 1)]), dims: x }];
};

function attributesOf(c: Parameters<BackwardRule>[0]): Record<string, number> {
  return { axis: c.int('axis', -1), largest: c.int('largest', 1), sorted: c.int('sorted', 1) };
}
