import { ScanError } from '../../../core/scan/errors.js';

/** Says whether the database was away, which passes, or refused a statement, which does not. */
export function databaseError(thrown: unknown): ScanError {
  if (thrown instanceof ScanError) return thrown;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = sqlState(error);
  // A refused connection to a name with several addresses is an AggregateError without a text of its own.
  const text = error.message || ('code' in error ? String(error.code) : error.name);
  const fail = (message: string, retryable: boolean) =>
    new ScanError('storage-failed', message, { cause: thrown, retryable });

  if (code === undefined) {
    if (programmingErrors.some((type) => error instanceof type)) {
      return new ScanError('internal', `scan database: ${text}`, { cause: thrown });
    }
    return fail(`the scan database does not answer: ${text}; it is tried again`, true);
  }
  if (passing.test(code)) return fail(`the scan database cannot serve: ${text} (${code}); it is tried again`, true);
  if (settings.test(code)) {
    return fail(
      `the scan database refuses: ${text} (${code}); correct the database URL or the rights of its user`,
      false,
    );
  }
  return new ScanError('internal', `the scan database refuses a statement: ${text} (${code})`, { cause: thrown });
}

const programmingErrors = [TypeError, RangeError, SyntaxError, ReferenceError];

/**
 * SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html: connection lost (08), transaction to be repeated
 * (40), disk full and too many connections (53), cancelled by a timeout or shut down (57), lock not available (55P03), idle
 * too long (25P03, 25P04), failure of the system beneath (58).
 */
const passing = /^(?:08|40|53|57|58)|^(?:55P03|25P03|25P04)$/;

/** Wrong password or role (28), no such database (3D000), no right (42501), read-only server (25006). */
const settings = /^28|^(?:3D000|42501|25006)$/;

function sqlState(error: Error): string | undefined {
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code) ? code : undefined;
}
