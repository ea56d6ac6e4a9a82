import { reshapeGradient } from './broadcast.js';
import type { BackwardContext, Gradient } from './rule.js';

/**
 * Gradient of an op whose every output element is a copy of one input element: dX_i sums dY over the copies of i. The copies
 * are known here, so that an engine only has to pick: the j-th copy of every element, from dY with a zero behind it.
 *
 * @param dY [K, outputs]
 * @param sources for every output the input it is a copy of, or -1 where it is none.
 */
export function fromCopies(
  c: BackwardContext,
  dY: string,
  sources: Int32Array,
  dims: readonly number[],
  inputs: number,
): Gradient {
  const { emit } = c;
  const copies = new Int32Array(inputs);
  for (const source of sources) if (source >= 0) copies[source]!++;
  const most = copies.reduce((a, b) => Math.max(a, b), 0);
  if (most * inputs > maxPicks) c.unsupported(`elements that are copied up to ${most} times`);
  const picks = new BigInt64Array(Math.max(1, most) * inputs).fill(BigInt(sources.length));
  copies.fill(0);
  sources.forEach((source, output) => {
    if (source >= 0) picks[copies[source]!++ * inputs + source] = BigInt(output);
  });
  const padded = emit.pad(dY, [0, 0], [0, 1]);
  const indices = emit.constant({ dtype: 'int64', dims: [picks.length / inputs, inputs], data: picks }, 'copies');
  const picked = emit.op('Gather', [padded, indices], { axis: 1 });
  return { name: reshapeGradient(emit, emit.reduceSum(picked, [1]), dims), dims };
}

const maxPicks = 2 ** 24;
