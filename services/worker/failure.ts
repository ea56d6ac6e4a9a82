import type { ScanErrorCode } from '../../core/scan/errors.js';
import type { ScanError } from '../../core/scan/errors.js';

/**
 * What a worker does about an error.
 *
 * - `final`: the same would happen again; the scan ends with it.
 * - `again`: another try in a fresh process may go well.
 * - `wait`: not the task's fault; it may go well later, here or elsewhere.
 */
export type FailureClass = 'final' | 'again' | 'wait';

export function classOf({ code, retryable }: ScanError): FailureClass {
  if (waits.has(code)) return 'wait';
  return retryable || freshProcess.has(code) ? 'again' : 'final';
}

const waits: ReadonlySet<ScanErrorCode> = new Set(['storage-failed', 'engine-unavailable']);
const freshProcess: ReadonlySet<ScanErrorCode> = new Set([
  'engine-crashed',
  'engine-timeout',
  'engine-out-of-memory',
  'internal',
  'cancelled',
]);
