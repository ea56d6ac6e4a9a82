import type { Metrics } from '../../adapters/metrics/registry.js';
import type { Delivery } from '../../core/ports/transport.js';
import { asScanError } from '../../core/scan/errors.js';
import { reasonOf } from '../../core/scan/reason-of.js';
import type { Logger } from '../common/logger.js';
import { giveUp, type AnswerOptions } from './answer.js';

/**
 * What a message says; undefined for one that nobody can read, which goes to the dead letters.
 * @throws ScanError `storage-failed`.
 */
export async function decoded<T>(
  options: AnswerOptions & { readonly metrics: Metrics; readonly logger: Logger },
  delivery: Delivery,
  decode: (bytes: Uint8Array) => T,
): Promise<T | undefined> {
  const { metrics, logger } = options;
  try {
    return decode(delivery.value);
  } catch (thrown) {
    const error = asScanError(thrown, 'message-malformed');
    const { topic, partition, offset } = delivery;
    logger.warn({ topic, partition, offset, code: error.code }, error.message);
    await giveUp(options, delivery, reasonOf(error));
    metrics.inc('messages', { topic, outcome: 'malformed' });
    metrics.inc('deadLetters', { topic, code: error.code });
    return undefined;
  }
}
