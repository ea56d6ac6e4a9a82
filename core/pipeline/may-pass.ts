import type { ReasonCode } from '../scan/result.js';

/**
 * Reasons that lie in the moment, in the machines or in this program, not in the model, the images or the settings: the
 * same scan may get another verdict when it is ordered again.
 */
const passing: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'model-not-found',
  'model-unreadable',
  'images-missing',
  'images-unreadable',
  'engine-unavailable',
  'engine-failed',
  'engine-crashed',
  'engine-timeout',
  'engine-out-of-memory',
  'storage-failed',
  'message-malformed',
  'deadline-exceeded',
  'cancelled',
  'internal',
]);

export function mayPass(code: ReasonCode): boolean {
  return passing.has(code);
}
