import type { Plane, TriggerReconstruction } from '../scan/result.js';

/** Grey behind a trigger, so that black and white patterns both show. */
export const triggerGround = 0.42;

/**
 * What the mask is divided by before it is shown: its maximum where it is faint, so that a blend shows, 1 for a mask that
 * replaces pixels outright.
 */
export function maskPeak(mask: Plane): number {
  let largest = 0;
  for (const value of mask.data) largest = Math.max(largest, value);
  return largest === 0 || largest >= 0.5 ? 1 : largest;
}

/** mask x pattern over grey, [C, H, W]. */
export function visibleTrigger({ mask, pattern }: TriggerReconstruction): Plane {
  const peak = maskPeak(mask);
  const data = pattern.data.map((value, at) => {
    const amount = Math.min(1, mask.data[at % mask.data.length]! / peak);
    return value * amount + triggerGround * (1 - amount);
  });
  return { dims: pattern.dims, data };
}
