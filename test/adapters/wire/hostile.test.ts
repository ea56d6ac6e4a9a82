import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { decodeImageSet, encodeImageSet } from '../../../adapters/wire/image-set.js';
import { maxMessageBytes } from '../../../adapters/wire/message.js';
import { decodeEvidence } from '../../../adapters/wire/evidence.js';
import { decodeTaskResult } from '../../../adapters/wire/task-result.js';
import { decodeTask } from '../../../adapters/wire/task.js';
import { parseSettings } from '../../../adapters/wire/settings.js';
import { ScanError } from '../../../core/scan/errors.js';
import { pixelSet, rawSet } from './support/image-sets.js';
import { messages } from './support/messages.js';

const readers = [
  ...messages.map(({ name, bytes, decode }) => ({ name, bytes, decode })),
  ...[pixelSet(), rawSet()].map((set) => ({
    name: `image set of ${set.kind}`,
    bytes: encodeImageSet(set),
    decode: (bytes: Uint8Array) => decodeImageSet(bytes, set.digest),
  })),
];

for (const { name, bytes, decode } of readers) {
  test(`${name}: any bytes are read or refused as malformed, nothing else`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (random) => {
        readOrRefused(decode, random);
      }),
    );
    for (let length = 0; length < bytes.length; length += Math.ceil(bytes.length / 300)) {
      readOrRefused(decode, bytes.subarray(0, length));
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(bytes.length),
        fc.uint8Array({ maxLength: 6 }),
        (changes, at, inserted) => {
          const damaged = Uint8Array.from([...bytes.subarray(0, at), ...inserted, ...bytes.subarray(at)]);
          for (const [position, value] of changes) damaged[position] = value;
          readOrRefused(decode, damaged);
        },
      ),
      { numRuns: 400 },
    );
  });

  test(`${name}: a length that is not there is refused`, () => {
    for (let field = 1; field < 16; field++) {
      const tag = (field << 3) | 2;
      for (const length of [
        [0x7f],
        [0xff, 0xff, 0xff, 0xff, 0x0f],
        [0xff, 0xff, 0xff, 0xff, 0x07],
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      ]) {
        assert.throws(() => decode(Uint8Array.from([...bytes, tag, ...length])), malformed);
      }
    }
  });
}

test('no message is read that is longer than the limit', () => {
  const long = new Uint8Array(maxMessageBytes + 1);
  for (const { decode } of messages) assert.throws(() => decode(long), /longer than 8388608 bytes/);
});

test('a message cannot fill the memory with empty items', () => {
  // 8 MiB of two-byte items would be four million objects.
  const item = (field: number) => Uint8Array.of((field << 3) | 2, 0);
  const filled = (bytes: Uint8Array) => Buffer.alloc(maxMessageBytes - 100, bytes);
  const inside = (field: number, content: Uint8Array) =>
    protobuf.Writer.create()
      .uint32((field << 3) | 2)
      .bytes(content)
      .finish();
  for (const bomb of [
    inside(7, filled(item(2))),
    inside(7, filled(item(3))),
    inside(6, filled(item(16))),
    inside(6, inside(10, filled(Uint8Array.of(1)))),
    inside(6, inside(15, filled(Uint8Array.of(1)))),
    inside(6, filled(Uint8Array.of(10 << 3, 1))),
    filled(item(11)),
    inside(11, inside(7, filled(item(2)))),
    inside(11, inside(11, filled(item(11)))),
  ]) {
    assert.throws(() => decodeTaskResult(bomb), /more than 1000000 items/);
  }
  assert.throws(() => decodeTask(inside(7, filled(item(4)))), /more than 1000000 items/);
  const { digest } = pixelSet();
  for (const bomb of [inside(1, filled(item(1))), inside(3, filled(Uint8Array.of(1))), filled(item(4))]) {
    assert.throws(() => decodeImageSet(bomb, digest), /more than 1000000 items/);
  }
});

test('results nested without end are refused', () => {
  const length = (bytes: number) => protobuf.Writer.create().uint32(bytes).finish();
  let nested: Uint8Array = new Uint8Array();
  for (let depth = 0; depth < 20_000; depth++)
    nested = Buffer.concat([Buffer.of((11 << 3) | 2), length(nested.length), nested]);
  assert.throws(() => decodeTaskResult(nested), malformed);
});

test('groups nested without end are refused', () => {
  for (const { decode } of messages) assert.throws(() => decode(Buffer.alloc(1_000_000, (99 << 3) | 3)), malformed);
  for (const { decode } of messages) assert.throws(() => decode(Buffer.alloc(1_000_000, 0x63)), malformed);
});

test('any text is read as settings or evidence, or refused as malformed', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      readOrRefused(parseSettings, text);
      readOrRefused(decodeEvidence, Buffer.from(text));
    }),
  );
  for (const text of ['['.repeat(1_000_000), '{"profile":'.repeat(5000), 'null', '{}', '1e999', '{"__proto__":{}}']) {
    assert.throws(() => parseSettings(text), malformed);
    assert.throws(() => decodeEvidence(Buffer.from(text)), malformed);
  }
  assert.throws(() => decodeEvidence(Uint8Array.of(0x22, 0xff, 0x22)), malformed);
});

function readOrRefused<T>(decode: (input: T) => unknown, input: T): void {
  try {
    decode(input);
  } catch (thrown) {
    malformed(thrown);
  }
}

function malformed(thrown: unknown): true {
  assert.ok(thrown instanceof ScanError, String(thrown));
  assert.equal(thrown.code, 'message-malformed', thrown.message);
  assert.equal(thrown.retryable, false);
  return true;
}
