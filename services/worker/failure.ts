import type { ScanErrorCode } from '../../core/scan/errors.js';
import type { ScanError } from '../../core/scan/errors.js';
import { errorNumber } from './error-number.js';

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

/** Whether fetching what a task needs failed for a reason that another worker does not share. */
export function isOfThisMachine(error: ScanError): boolean {
  return brokenDisk.has(errorNumber(error) ?? '');
}

/** Errors of writing only, so that they cannot come from reading an object store that is a folder. */
const brokenDisk: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);
const waits: ReadonlySet<ScanErrorCode> = new Set(['storage-failed', 'engine-unavailable']);
const freshProcess: ReadonlySet<ScanErrorCode> = new Set([
  'engine-crashed',
  'engine-timeout',
  'engine-out-of-memory',
  'internal',
  'cancelled',
]);
