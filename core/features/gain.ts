import { positiveMap } from './heatmap.js';
import type { GradientShape } from './heatmap.js';

/**
 * L1 of the un-normalised map, `sum_ij max_c max(dlogit/dx, 0)`, in logits per step from black to white. A trigger's path
 * through the network has an unusual gain, which scaling each map to 0..1 would throw away.
 */
export function gain(gradient: ArrayLike<number>, shape: GradientShape): number {
  let sum = 0;
  for (const value of positiveMap(gradient, shape)) sum += value;
  return sum;
}
