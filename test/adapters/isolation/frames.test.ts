import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createFrameReader, encodeFrame } from '../../../adapters/isolation/frames.js';

describe('frames', () => {
  it('arrive whole and in order, however the bytes are cut', () => {
    const message = fc.oneof(
      fc.string(),
      fc.float32Array(),
      fc.array(fc.bigInt64Array(), { maxLength: 3 }),
      fc.constant(undefined),
      fc.record({ a: fc.uint8Array(), b: fc.option(fc.integer(), { nil: undefined }) }, { noNullPrototype: true }),
      fc.array(fc.tuple(fc.string(), fc.integer())).map((entries) => new Map(entries)),
    );
    fc.assert(
      fc.property(fc.array(message), fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (messages, sizes) => {
        const bytes = Buffer.concat(messages.flatMap((value) => encodeFrame(value)));
        const received: unknown[] = [];
        const read = createFrameReader((value) => received.push(value));
        for (let at = 0; at < bytes.length;) {
          const size = sizes.next().value as number;
          read(bytes.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(received, messages);
      }),
    );
  });

  it('pass a window of a larger array as that window alone', () => {
    const window = new Float32Array(1000).fill(1).subarray(10, 12);
    const [, body] = encodeFrame(window);
    assert.ok(body.length < 100);
    let received: unknown;
    createFrameReader((value) => (received = value))(Buffer.concat(encodeFrame(window)));
    assert.deepEqual(received, Float32Array.of(1, 1));
  });

  it('above the limit are neither sent nor waited for', () => {
    assert.throws(() => encodeFrame('x'.repeat(200), 100), /above 100/);
    const read = createFrameReader(() => assert.fail('nothing is complete'), 100);
    assert.throws(() => {
      read(Buffer.from([0, 0, 0, 101]));
    }, /101 bytes is above 100/);
  });

  it('that hold no structured clone throw', () => {
    const read = createFrameReader(() => assert.fail('nothing is readable'));
    assert.throws(() => {
      read(Buffer.from([0, 0, 0, 3, 1, 2, 3]));
    });
  });
});
