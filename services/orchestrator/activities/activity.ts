import { ApplicationFailure } from '@temporalio/common';
import { asScanError } from '../../../core/scan/errors.js';
import type { ActivityParts } from './parts.js';

/**
 * Makes a function an activity: what it throws becomes a failure whose type is the code of a `ScanError`, for good unless
 * the error may pass; every call is timed and every failure logged.
 *
 * @param options insistent: no failure is for good, because there is no way around what the activity does.
 */
export function activity<A, R>(
  { metrics, logger }: Pick<ActivityParts, 'metrics' | 'logger'>,
  name: string,
  work: (argument: A) => Promise<R>,
  { insistent = false }: { readonly insistent?: boolean } = {},
): (argument: A) => Promise<R> {
  return async (argument) => {
    const start = performance.now();
    let outcome = 'ok';
    try {
      return await work(argument);
    } catch (thrown) {
      const error = asScanError(thrown);
      outcome = error.code;
      logger.warn({ err: error, activity: name, code: error.code, scanId: scanIdOf(argument) }, 'activity failed');
      throw ApplicationFailure.create({
        message: error.message,
        type: error.code,
        nonRetryable: !error.retryable && !insistent,
      });
    } finally {
      metrics.observe('activitySeconds', { activity: name, outcome }, (performance.now() - start) / 1000);
    }
  };
}

/** An argument is a scan id, or has one, or is or has an order that has one. */
function scanIdOf(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null) return argument;
  if ('scanId' in argument) return argument.scanId;
  return 'order' in argument ? scanIdOf(argument.order) : undefined;
}
