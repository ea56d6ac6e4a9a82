import { setTimeout as pause } from 'node:timers/promises';
import type { Metrics } from '../../adapters/metrics/registry.js';
import { ScanError } from '../../core/scan/errors.js';
import type { Logger } from './logger.js';

export interface AnswerOptions {
  readonly stopping: AbortSignal;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Milliseconds before the second try; doubled up to 30 times as much. Default 500. */
  readonly pauseMs?: number;
}

/**
 * Calls a server that may not be up yet until it answers. Undefined when the process is to end before.
 * @throws what no waiting mends: a ScanError that is not retryable, an error of this program.
 */
export async function untilAnswered<T>(
  server: string,
  { stopping, logger, metrics, pauseMs = 500 }: AnswerOptions,
  call: () => Promise<T>,
): Promise<T | undefined> {
  for (let wait = pauseMs; !stopping.aborted; wait = Math.min(30 * pauseMs, 2 * wait)) {
    try {
      return await call();
    } catch (error) {
      if (isFinal(error)) throw error;
      metrics.inc('storageErrors', { store: server });
      logger.warn({ err: error, pauseMs: wait }, `${server} does not answer`);
    }
    await pause(wait, undefined, { signal: stopping }).catch(() => undefined);
  }
  return undefined;
}

/** Libraries throw errors of their own where a server is away. */
function isFinal(error: unknown): boolean {
  if (error instanceof ScanError) return !error.retryable;
  return programmingErrors.some((type) => error instanceof type);
}

const programmingErrors = [TypeError, RangeError, SyntaxError, ReferenceError];
