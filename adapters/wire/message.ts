import { crc32 } from 'node:zlib';
import protobuf from 'protobufjs/minimal.js';
import { ScanError } from '../../core/scan/errors.js';

export { maxMessageBytes } from '../transports/limits.js';

/** The generated code of one message type, and what is to be known before it may run on bytes from outside. */
export interface MessageType<Fields, Decoded> {
  readonly name: string;
  readonly codec: {
    encode(fields: Fields): { finish(): Uint8Array };
    decode(bytes: Uint8Array): Decoded;
  };
  readonly maxBytes: number;
  readonly repeated: Repeated;
}

/** Where a message has lists, by field number: lists of numbers, or messages that hold lists. */
export interface Repeated {
  readonly [field: number]: 'numbers' | Repeated;
}

/**
 * @param accept maps the fields to a value and refuses what is out of bounds.
 * @throws ScanError `message-malformed`, nothing else, whatever the bytes are.
 */
export function readMessage<Fields, Decoded, Value>(
  type: MessageType<Fields, Decoded>,
  bytes: Uint8Array,
  accept: (fields: Decoded) => Value,
): Value {
  try {
    if (bytes.length > type.maxBytes) throw new RangeError(`it is longer than ${type.maxBytes} bytes`);
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const reader = protobuf.Reader.create(view);
    countItems(reader, view.length, type.repeated, { left: maxItems });
    checkSum(view);
    return accept(type.codec.decode(view));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ScanError(
      'message-malformed',
      `a ${type.name} of ${bytes.length} bytes cannot be read: ${why}; check that sender and reader are of versions that know each other`,
      { cause: thrown },
    );
  }
}

/**
 * @param accept as for the reader: what a reader would refuse is not sent.
 * @throws ScanError `internal` for a value that no reader would accept.
 */
export function writeMessage<Fields, Decoded>(
  type: MessageType<Fields, Decoded>,
  fields: Fields,
  accept: (fields: Decoded) => unknown,
): Uint8Array {
  const bytes = withChecksum(type.codec.encode(fields).finish());
  try {
    readMessage(type, bytes, accept);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ScanError('internal', `not sent, because readers would refuse it: ${why}`, { cause: thrown });
  }
  return bytes;
}

/** Field 100, `fixed32`, at the very end: the CRC-32 of all bytes before it, so that no flipped bit passes for a number. */
const checksumTag = (100 << 3) | 5;

function withChecksum(bytes: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(bytes.length + 6);
  sealed.set(bytes);
  const view = new DataView(sealed.buffer, bytes.length);
  view.setUint16(0, ((checksumTag & 0x7f) | 0x80) + ((checksumTag >> 7) << 8), true);
  view.setUint32(2, crc32(bytes), true);
  return sealed;
}

/** @throws RangeError where there is a checksum that is not that of the bytes before it, or not at the end. */
function checkSum(view: Buffer): void {
  const reader = protobuf.Reader.create(view);
  while (reader.pos < view.length) {
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag !== checksumTag) {
      reader.skipType(tag & 7);
      continue;
    }
    if (reader.fixed32() !== crc32(view.subarray(0, start)) || reader.pos !== view.length) {
      throw new RangeError('its checksum is that of other bytes');
    }
  }
}

/** The same bytes without the methods of a Buffer, which mean something else in places (`slice`). */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Of all lists of a message together: three lists of a hundred thousand items, and pictures of five fields. */
const maxItems = 1_000_000;

/**
 * Walks the records without building anything: an item of two bytes takes a hundred once it is an object, so few bytes could
 * fill the memory.
 */
function countItems(reader: protobuf.Reader, end: number, repeated: Repeated, budget: { left: number }): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    const [field, wire] = [tag >>> 3, tag & 7];
    const inside = repeated[field];
    let items = 1;
    if (wire === 2 && inside !== undefined) {
      const length = reader.uint32();
      const stop = reader.pos + length;
      if (stop > end) throw new RangeError(`field ${field} claims ${length} bytes, ${end - reader.pos} are left`);
      if (inside === 'numbers') {
        items = 0;
        for (; reader.pos < stop; reader.pos++) if (reader.buf[reader.pos]! < 0x80) items++;
      } else {
        countItems(reader, stop, inside, budget);
      }
    } else {
      reader.skipType(wire);
    }
    budget.left -= items;
    if (budget.left < 0) throw new RangeError(`it has more than ${maxItems} items`);
  }
}
