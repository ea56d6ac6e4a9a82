import { times } from './broadcast.js';
import type { BackwardContext, BackwardRule } from './rule.js';

/** dX = dY [x > 0]. The gate reads the output, which is positive exactly where x is, so that an engine may fuse Conv and Relu. */
export const relu: BackwardRule = (c) => [times(c, c.lazyDY()!, positive(c, c.output()), c.dims(c.output()))];

/** 1 where the value is positive, else 0, as float32. */
export function positive({ emit }: BackwardContext, value: string): string {
  return toFloat(emit, emit.op('Greater', [value, zero(emit)]));
}

export function toFloat(emit: BackwardContext['emit'], mask: string): string {
  return emit.op('Cast', [mask], { to: 1 });
}

export function zero(emit: BackwardContext['emit']): string {
  return emit.constant({ dtype: 'float32', dims: [], data: Float32Array.of(0) });
}
