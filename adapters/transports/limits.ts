import type { Message, Topic } from '../../core/ports/transport.js';
import { ScanError } from '../../core/scan/errors.js';

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

export const partitionsOf: Readonly<Record<Topic, number>> = {
  'tasks-gate': 12,
  'tasks-fleet': 12,
  results: 12,
  verdicts: 12,
  'dead-letters': 1,
  closed: 1,
};
