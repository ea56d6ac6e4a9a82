import { setTimeout as pause } from 'node:timers/promises';
import type { Metrics } from '../../adapters/metrics/registry.js';
import { asScanError } from '../../core/scan/errors.js';
import type { Logger } from '../common/logger.js';

export interface Patience {
  readonly stopping: AbortSignal;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Milliseconds before the second try; doubled up to 30 times as much. Default 500. */
  readonly pauseMs?: number;
}

/**
 * Calls a server that may not be up yet until it answers. Undefined when the process is to end before.
 * @throws what `call` throws unless it may pass.
 */
export async function untilAnswered<T>(
  server: 'postgres' | 'kafka',
  { stopping, logger, metrics, pauseMs = 500 }: Patience,
  call: () => Promise<T>,
): Promise<T | undefined> {
  for (let wait = pauseMs; !stopping.aborted; wait = Math.min(30 * pauseMs, 2 * wait)) {
    try {
      return await call();
    } catch (thrown) {
      const error = asScanError(thrown);
      if (!error.retryable) throw error;
      metrics.inc('storageErrors', { store: server });
      logger.warn({ err: error, pauseMs: wait }, `${server} does not answer`);
    }
    await pause(wait, undefined, { signal: stopping }).catch(() => undefined);
  }
  return undefined;
}
