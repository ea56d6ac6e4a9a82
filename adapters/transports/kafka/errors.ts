import { ScanError } from '../../../core/scan/errors.js';

/** Errors of the broker that no repetition mends. */
const final = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
]);

export function brokerError(error: unknown, what: string): ScanError {
  if (error instanceof ScanError) return error;
  return new ScanError('storage-failed', `${what}: ${textOf(error)}`, { cause: error, retryable: mayPass(error) });
}

export function mayPass(error: unknown): boolean {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 10; cause = cause.cause, depth++) {
    if ('type' in cause && typeof cause.type === 'string' && final.has(cause.type)) return false;
    if ('errors' in cause && Array.isArray(cause.errors) && cause.errors.some((part) => !mayPass(part))) return false;
  }
  return true;
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
