import { topics, type Topic } from '../../core/ports/transport.js';
import type { Reason } from '../../core/scan/result.js';
import { cut, integer, longest, matching, oneOf, refuse, text } from './check.js';
import { maxMessageBytes, readMessage, writeMessage, type MessageType } from './message.js';
import { readReason, readTime, v1, writeReason, type types } from './parts.js';

/** A message that could not be handled, kept for a person. */
export interface DeadLetter {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  /** Its first 64 KiB. */
  readonly value: Uint8Array;
  /** Its length before it was cut. */
  readonly valueBytes: number;
  readonly reason: Reason;
  /** Undefined where the message could not be read. */
  readonly taskId?: string | undefined;
  readonly scanId?: string | undefined;
  readonly tries: number;
  /** The service that gave up. */
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

type Fields = types.scan.v1.DeadLetter.$Properties;

const deadLetter: MessageType<Fields, Fields> = {
  name: 'DeadLetter',
  codec: v1.DeadLetter,
  maxBytes: maxMessageBytes,
  repeated: {},
};

const keptBytes = 65_536;

/** Cuts the value and texts from outside to their limits. */
export function encodeDeadLetter(letter: DeadLetter): Uint8Array {
  const { taskId, scanId } = letter;
  return writeMessage(
    deadLetter,
    {
      topic: letter.topic,
      partition: letter.partition,
      offset: letter.offset,
      key: cut(letter.key, longest.name),
      value: letter.value.subarray(0, keptBytes),
      valueBytes: letter.valueBytes,
      reason: writeReason(letter.reason),
      ...(taskId === undefined ? {} : { taskId: cut(taskId, longest.name) }),
      ...(scanId === undefined ? {} : { scanId: cut(scanId, longest.name) }),
      tries: letter.tries,
      service: cut(letter.service, longest.word),
      atMs: letter.at,
    },
    accept,
  );
}

/** @throws ScanError `message-malformed`. */
export function decodeDeadLetter(bytes: Uint8Array): DeadLetter {
  return readMessage(deadLetter, bytes, accept);
}

/** Ids are those of a message that may be wrong, so they are texts here and nothing more. */
function accept(fields: Fields): DeadLetter {
  const value = Uint8Array.from(fields.value ?? []);
  if (value.length > keptBytes) refuse('value', `has ${value.length} bytes, more than ${keptBytes}`);
  return {
    topic: oneOf(fields.topic, 'topic', topics),
    partition: integer(fields.partition, 'partition', 0),
    offset: matching(fields.offset, 'offset', /^[0-9A-Za-z._-]{1,64}$/),
    key: text(fields.key, 'key', longest.name),
    value,
    valueBytes: integer(fields.valueBytes, 'value_bytes', value.length),
    reason: readReason(fields.reason, 'reason'),
    ...(typeof fields.taskId === 'string' ? { taskId: text(fields.taskId, 'task_id', longest.name) } : {}),
    ...(typeof fields.scanId === 'string' ? { scanId: text(fields.scanId, 'scan_id', longest.name) } : {}),
    tries: integer(fields.tries, 'tries', 0),
    service: text(fields.service, 'service', longest.word),
    at: readTime(fields.atMs, 'at_ms'),
  };
}
