/**
 * The closed list of what can go wrong with a scan. Exit codes, dead-letter reasons and reports read the code, never the text.
 *
 * - `model-*`: the model file; not retryable.
 * - `images-*`: the clean images.
 * - `engine-*`: the engine that runs the program.
 * - `storage-failed`: a database, a broker, an object store or a disk; `message-malformed`: what came over a wire;
 *   `deadline-exceeded`: a scan of the pipeline that found no worker in time.
 */
export const scanErrorCodes = [
  'usage',
  'model-not-found',
  'model-unreadable',
  'model-malformed',
  'model-too-large',
  'model-external-data',
  'model-unsupported-format',
  'model-unsupported-op',
  'model-not-a-classifier',
  'model-ambiguous',
  'images-missing',
  'images-unreadable',
  'images-mismatch',
  'engine-unavailable',
  'engine-failed',
  'engine-crashed',
  'engine-timeout',
  'engine-out-of-memory',
  'output-unwritable',
  'storage-failed',
  'message-malformed',
  'deadline-exceeded',
  'cancelled',
  'internal',
] as const;

export type ScanErrorCode = (typeof scanErrorCodes)[number];

/** Codes that mean: this file is no image classifier that this program could ever judge. */
export const notScannableCodes: ReadonlySet<ScanErrorCode> = new Set([
  'model-unsupported-format',
  'model-unsupported-op',
  'model-not-a-classifier',
  'model-ambiguous',
]);

/** The only error type that crosses a module border on purpose. The message names the input, what is wrong and what to do next. */
export class ScanError extends Error {
  readonly code: ScanErrorCode;
  /** True where the same call may succeed later without any change by the user. */
  readonly retryable: boolean;

  constructor(code: ScanErrorCode, message: string, options: { cause?: unknown; retryable?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ScanError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** Wraps anything thrown into a ScanError, keeping one that is already there. */
export function asScanError(thrown: unknown, code: ScanErrorCode = 'internal', context = ''): ScanError {
  if (thrown instanceof ScanError) return thrown;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new ScanError(code, context ? `${context}: ${text}` : text, { cause: thrown });
}
