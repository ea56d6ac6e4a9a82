import { asScanError } from './errors.js';
import type { Reason } from './result.js';

/** What a result says of an error. */
export function reasonOf(thrown: unknown): Reason {
  const { code, message } = asScanError(thrown);
  return { code, message };
}
