import type { Lane } from '../core/pipeline/order.js';

/** Which workflow and activity tasks the orchestrators take first; 1 is the most urgent of 5. */
export function lanePriority(lane: Lane): { readonly priorityKey: number } {
  return { priorityKey: lane === 'gate' ? 2 : 4 };
}
