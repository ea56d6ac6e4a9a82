import { setTimeout as pause } from 'node:timers/promises';
import type { Metrics } from '../../adapters/metrics/registry.js';
import type { Logger } from './logger.js';

export interface AnswerOptions {
  readonly stopping: AbortSignal;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Errors that no waiting mends. */
  readonly isFinal: (error: unknown) => boolean;
}

/**
 * Calls a server that may not be up yet until it answers, with pauses from half a second to 15 seconds. Undefined when the
 * process is to end before.
 */
export async function untilAnswered<T>(
  server: string,
  { stopping, logger, metrics, isFinal }: AnswerOptions,
  call: () => Promise<T>,
): Promise<T | undefined> {
  for (let pauseMs = 500; !stopping.aborted; pauseMs = Math.min(15_000, 2 * pauseMs)) {
    try {
      return await call();
    } catch (error) {
      if (isFinal(error)) throw error;
      metrics.inc('storageErrors', { store: server });
      logger.warn({ err: error, pauseMs }, `${server} does not answer`);
    }
    await pause(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
  }
  return undefined;
}
