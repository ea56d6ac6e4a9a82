import { decodeClosed, encodeClosed } from '../../../../adapters/wire/closed.js';
import { decodeDeadLetter, encodeDeadLetter } from '../../../../adapters/wire/dead-letter.js';
import { decodeTaskResult, encodeTaskResult } from '../../../../adapters/wire/task-result.js';
import { decodeTask, encodeTask } from '../../../../adapters/wire/task.js';
import { decodeVerdict, encodeVerdict } from '../../../../adapters/wire/verdict.js';
import * as samples from './samples.js';

export interface SampleMessage {
  readonly name: string;
  readonly value: unknown;
  readonly bytes: Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

/** Every kind of message of the pipeline, and its reader. */
export const messages: readonly SampleMessage[] = [
  ...Object.entries(samples.tasks).map(([kind, value]) => {
    return { name: `task-${kind}`, value, bytes: encodeTask(value), decode: decodeTask };
  }),
  ...Object.entries(samples.results).map(([kind, value]) => {
    return { name: `result-${kind}`, value, bytes: encodeTaskResult(value), decode: decodeTaskResult };
  }),
  {
    name: 'verdict',
    value: samples.announcement,
    bytes: encodeVerdict(samples.announcement),
    decode: decodeVerdict,
  },
  {
    name: 'dead-letter',
    value: samples.deadLetter,
    bytes: encodeDeadLetter(samples.deadLetter),
    decode: decodeDeadLetter,
  },
  { name: 'closed', value: samples.closed, bytes: encodeClosed(samples.closed), decode: decodeClosed },
];
