import { ScanError } from '../../../core/scan/errors.js';
import { maskedCrc32c } from './crc32c.js';

/**
 * All entries of a sorted string table, LevelDB's file format, in which TensorFlow keeps the index of a checkpoint
 * (tensorflow/core/lib/io/table_format.txt): data blocks, an index block that says where they are, a footer that says where
 * that is. Every block is followed by its compression and its checksum; keys share prefixes with the key before them.
 *
 * @throws ScanError `model-malformed`, `model-too-large`, `model-unsupported-format` for a compressed table.
 */
export function readTable(bytes: Uint8Array, file: string, maxEntries: number): Map<string, Uint8Array> {
  const fail = (what: string): never => {
    throw new ScanError(
      'model-malformed',
      `${file}: not a valid checkpoint index: ${what}. Copy or save the model again`,
    );
  };
  if (bytes.length < footerBytes) fail(`${bytes.length} bytes`);
  const footer = bytes.subarray(bytes.length - footerBytes);
  if (magic.some((byte, i) => footer[footerBytes - magic.length + i] !== byte)) fail('it does not end as one does');
  const cursor = new Cursor(footer, fail);
  // The first pair is the block of filters, which is empty.
  cursor.varint();
  cursor.varint();
  const entries = new Map<string, Uint8Array>();
  for (const [, handle] of blockEntries(block(cursor.varint(), cursor.varint()), fail)) {
    const at = new Cursor(handle, fail);
    for (const [key, value] of blockEntries(block(at.varint(), at.varint()), fail)) {
      const text = new TextDecoder().decode(key);
      if (entries.has(text)) fail(`the key '${text}' occurs twice`);
      if (entries.size >= maxEntries) {
        throw new ScanError('model-too-large', `${file}: more than ${maxEntries} variables`);
      }
      entries.set(text, value);
    }
  }
  return entries;

  function block(offset: number, size: number): Uint8Array {
    const end = offset + size;
    if (end + trailerBytes > bytes.length) fail(`a block of ${size} bytes at ${offset} in a file of ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset + end, trailerBytes);
    if (view.getUint32(1, true) !== maskedCrc32c(bytes.subarray(offset, end + 1))) {
      fail(`the block at ${offset} has another checksum`);
    }
    if (bytes[end] !== 0) {
      throw new ScanError(
        'model-unsupported-format',
        `${file}: the index is compressed, which TensorFlow itself does not do. Save the model with TensorFlow`,
      );
    }
    return bytes.subarray(offset, end);
  }
}

const footerBytes = 48;
const trailerBytes = 5;
/** 0xdb4775248b80fb57, little-endian. */
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

type Fail = (what: string) => never;

/** Shared bytes, own bytes, value bytes, then key and value; the offsets of the keys that share nothing end the block. */
function* blockEntries(bytes: Uint8Array, fail: Fail): Generator<[key: Uint8Array, value: Uint8Array]> {
  if (bytes.length < 4) fail(`a block of ${bytes.length} bytes`);
  const restarts = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  const end = bytes.length - 4 - 4 * restarts;
  if (end < 0) fail(`a block with ${restarts} restarts`);
  const cursor = new Cursor(bytes.subarray(0, end), fail);
  let last = new Uint8Array();
  while (cursor.at < end) {
    const shared = cursor.varint();
    const own = cursor.varint();
    const length = cursor.varint();
    if (shared > last.length || shared + own > maxKeyBytes) fail(`a key of ${shared} + ${own} bytes`);
    const key = new Uint8Array(shared + own);
    key.set(last.subarray(0, shared));
    key.set(cursor.take(own), shared);
    yield [key, cursor.take(length)];
    last = key;
  }
}

const maxKeyBytes = 4096;

class Cursor {
  at = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly fail: Fail,
  ) {}

  varint(): number {
    let value = 0;
    for (let factor = 1; factor <= 128 ** 6; factor *= 128) {
      const byte = this.take(1)[0]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return this.fail('a number beyond all sizes');
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.bytes.length) this.fail('it is cut off');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}
