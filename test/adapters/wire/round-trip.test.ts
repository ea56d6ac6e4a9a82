import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeClosed, encodeClosed } from '../../../adapters/wire/closed.js';
import { decodeDeadLetter, encodeDeadLetter } from '../../../adapters/wire/dead-letter.js';
import { decodeTaskResult, encodeTaskResult } from '../../../adapters/wire/task-result.js';
import { decodeTask, encodeTask } from '../../../adapters/wire/task.js';
import { decodeVerdict, encodeVerdict } from '../../../adapters/wire/verdict.js';
import type { TaskResult } from '../../../core/pipeline/task.js';
import * as any from './support/arbitraries.js';

test('every task arrives as it was sent', () => {
  fc.assert(
    fc.property(any.task, (task) => {
      assert.deepStrictEqual(decodeTask(encodeTask(task)), task);
    }),
  );
});

test('every result arrives as it was computed, bit by bit', () => {
  fc.assert(
    fc.property(any.taskResult, (result) => {
      const arrived = decodeTaskResult(encodeTaskResult(result));
      assert.deepStrictEqual(arrived, result);
      assert.deepStrictEqual(floatBytes(arrived), floatBytes(result));
    }),
  );
});

test('the payload of a NaN, -0 and subnormal values keep their bits', () => {
  const words = Uint32Array.of(0x7fc12345, 0xffc00001, 0x7f800001, 0x80000000, 1, 0xff800000);
  const scanId = 'ab'.repeat(32);
  const shard = { id: `${scanId}/0-2x3-6`, classes: { start: 0, end: 2 }, images: { start: 3, end: 6 } };
  const values = new Map([['rectified.gain' as const, new Float32Array(words.buffer)]]);
  const features = { shard, values, parity: new Map() };
  const result = {
    taskId: shard.id,
    scanId,
    worker: 'w',
    seconds: 1,
    outcome: { kind: 'features' as const, features },
  };
  const { outcome } = decodeTaskResult(encodeTaskResult(result));
  assert.ok(outcome.kind === 'features');
  const arrived = outcome.features.values.get('rectified.gain')!;
  assert.deepEqual(new Uint32Array(arrived.buffer, arrived.byteOffset, arrived.length), words);
});

test('every verdict, dead letter and closed scan arrives as it was sent', () => {
  fc.assert(
    fc.property(any.announcement, any.deadLetter, any.closed, (announcement, letter, closed) => {
      assert.deepStrictEqual(decodeVerdict(encodeVerdict(announcement)), announcement);
      assert.deepStrictEqual(decodeDeadLetter(encodeDeadLetter(letter)), letter);
      assert.deepStrictEqual(decodeClosed(encodeClosed(closed)), closed);
    }),
  );
});

test('what a decoded message holds does not change when the buffer of the broker is used again', () => {
  fc.assert(
    fc.property(any.taskResult, (result) => {
      const bytes = Buffer.from(encodeTaskResult(result));
      const arrived = decodeTaskResult(bytes);
      bytes.fill(0xff);
      assert.deepStrictEqual(floatBytes(arrived), floatBytes(result));
      assert.deepStrictEqual(arrived, result);
    }),
    { numRuns: 30 },
  );
});

test('texts for people are cut at the limits of the readers', () => {
  const long = '\ud800'.repeat(100_000);
  const letter = {
    topic: 'results' as const,
    partition: 0,
    offset: '17',
    key: long,
    value: new Uint8Array(100_000).fill(7),
    valueBytes: 100_000,
    reason: { code: 'message-malformed' as const, message: long },
    taskId: long,
    tries: 1,
    service: long,
    at: 1,
  };
  const arrived = decodeDeadLetter(encodeDeadLetter(letter));
  assert.equal(arrived.value.length, 65_536);
  assert.equal(arrived.valueBytes, 100_000);
  assert.equal(arrived.reason.message.length, 4000);
  assert.equal(arrived.key, `${'\ufffd'.repeat(1023)}…`);
});

function floatBytes({ outcome, ahead = [] }: TaskResult): Buffer[] {
  const values = outcome.kind === 'features' ? [...outcome.features.values.values()] : [];
  return [
    ...values.map((data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    ...ahead.flatMap(floatBytes),
  ];
}
