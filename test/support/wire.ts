import { crc32 } from 'node:zlib';

/** The message as a sender wrote it that knew no checksums: without the last field. */
export function withoutChecksum(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - 6);
}

/** As `fixed32 checksum = 100` at the end says it. */
export function withChecksum(bytes: Uint8Array): Uint8Array {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes));
  return Buffer.concat([bytes, Buffer.from([0xa5, 0x06]), sum]);
}
