import { encodeDeadLetter } from '../../adapters/wire/dead-letter.js';
import type { Delivery, Transport } from '../../core/ports/transport.js';
import type { Reason } from '../../core/scan/result.js';
import { injectTrace } from './tracing.js';

export interface GivenUp {
  readonly delivery: Delivery;
  readonly reason: Reason;
  readonly tries: number;
  /** Who gives up, for people. */
  readonly service: string;
  /** Undefined where the message could not be read. */
  readonly taskId?: string | undefined;
  readonly scanId?: string | undefined;
}

/**
 * Keeps a message that could not be handled for a person.
 * @throws ScanError `storage-failed`.
 */
export async function bury(publish: Transport['publish'], { delivery, ...why }: GivenUp): Promise<void> {
  const { topic, partition, offset, key, value } = delivery;
  const letter = { ...why, topic, partition, offset, key, value, valueBytes: value.length, at: Date.now() };
  await publish('dead-letters', [{ key, value: encodeDeadLetter(letter), headers: injectTrace() }]);
}
