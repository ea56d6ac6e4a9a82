import type { BackwardContext, Gradient } from './rule.js';

/** Shape that two gradients, or a gradient and a forward value, broadcast to. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    return left === 1 ? right : left;
  });
}

/**
 * Gradient times a forward value or constant that broadcasts to the gradient's rank or less.
 * The class axis leads, so NumPy broadcasting aligns the rest by itself.
 */
export function times(c: BackwardContext, gradient: Gradient, factor: string, factorDims = c.dims(factor)): Gradient {
  if (factorDims.length > gradient.dims.length)
    throw new RangeError('a factor cannot have more axes than the gradient');
  return { name: c.emit.op('Mul', [gradient.name, factor]), dims: broadcastDims(gradient.dims, factorDims) };
}

/** Sums a gradient over the axes that broadcasting added or stretched, back to the shape of the input. */
export function unbroadcast(
  { emit }: BackwardContext,
  gradient: Gradient,
  target: readonly number[],
  result: readonly number[],
): Gradient {
  const extra = result.length - target.length;
  let name = gradient.name;
  let current = [...gradient.dims];
  const summed = result.flatMap((extent, i) => (extent !== 1 && (i < extra || target[i - extra] === 1) ? [i] : []));
  const lazy = summed.filter((i) => current[i] === 1);
  const real = summed.filter((i) => current[i] !== 1);
  if (real.length) {
    name = emit.reduceSum(
      name,
      real.map((i) => i + 1),
      true,
    );
    current = current.map((extent, i) => (real.includes(i) ? 1 : extent));
  }
  if (lazy.length) {
    const repeats = lazy.reduce((product, i) => product * result[i]!, 1);
    name = emit.op('Mul', [name, emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(repeats) })]);
  }
  if (extra > 0) {
    current = current.slice(extra);
    name = reshapeGradient(emit, name, current);
  }
  return { name, dims: current };
}

/** [K, ...] to [K, ...dims]. */
export function reshapeGradient(emit: BackwardContext['emit'], name: string, dims: readonly number[]): string {
  return emit.reshape(name, [-1, ...dims]);
}
