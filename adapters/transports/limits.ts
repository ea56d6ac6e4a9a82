import type { Message, Topic } from '../../core/ports/transport.js';
import { ScanError } from '../../core/scan/errors.js';

/** What a broker is asked to carry at most. */
export const maxMessageBytes = 8 * 2 ** 20;

/** @throws ScanError `internal`: the plan keeps messages below the limit, so a larger one is a mistake of this program. */
export function checkSize(topic: Topic, message: Message): void {
  if (message.value.byteLength <= maxMessageBytes) return;
  throw new ScanError(
    'internal',
    `message ${message.key} for ${topic} has ${message.value.byteLength} bytes, more than the ${maxMessageBytes} a message ` +
      'may have; large values belong into the object store',
  );
}

/** So many of each topic whose work is shared out. */
export function partitionsOfEach(count: number): Readonly<Record<Topic, number>> {
  return { 'tasks-gate': count, 'tasks-fleet': count, results: count, verdicts: count, 'dead-letters': 1, closed: 1 };
}

export const partitionsOf = partitionsOfEach(12);
