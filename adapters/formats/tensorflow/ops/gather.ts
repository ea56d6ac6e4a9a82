import type { Convert } from '../context.js';

/** GatherV2(x, indices, axis). */
export const gatherV2: Convert = (c) => {
  if (c.int('batch_dims', 0) !== 0) c.unsupported('looks up by image (batch_dims)');
  const axis = c.inputs.length > 2 ? c.integers(2)[0]! : 0;
  return c.emit.op('Gather', [c.input(0), c.int64(1)], { axis });
};

export const gatherNd: Convert = (c) => c.emit.op('GatherND', [c.input(0), c.int64(1)]);

/** OneHot(indices, depth, on, off). */
export const oneHot: Convert = (c) => {
  const off = c.emit.op('Unsqueeze', [c.input(3), c.vector(0)]);
  const on = c.emit.op('Unsqueeze', [c.input(2), c.vector(0)]);
  const values = c.emit.op('Concat', [off, on], { axis: 0 });
  return c.emit.op('OneHot', [c.int64(0), c.int64(1), values], { axis: c.int('axis', -1) });
};

/** MatrixBandPart(x, lower, upper) of a lower or upper triangle. */
export const matrixBandPart: Convert = (c) => {
  const [lower, upper] = [c.integers(1)[0]!, c.integers(2)[0]!];
  let value = c.input(0);
  if (upper >= 0) value = c.emit.op('Trilu', [value, c.emit.constant(scalarInt(upper))], { upper: 0 });
  if (lower >= 0) value = c.emit.op('Trilu', [value, c.emit.constant(scalarInt(-lower))], { upper: 1 });
  return value;
};

function scalarInt(value: number) {
  return { dtype: 'int64' as const, dims: [], data: BigInt64Array.of(BigInt(value)) };
}
