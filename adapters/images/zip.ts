import { crc32, inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  /** Unpacked bytes, as the archive declares them. */
  readonly size: number;
  /** Unpacks; never yields more than `size` bytes. */
  read(): Uint8Array;
}

const maxEntries = 10_000;
const endSize = 22;
const centralSize = 46;
const localSize = 30;
/** Sizes and places that stand in a zip64 record instead. */
const inZip64 = 0xffffffff;

/**
 * Lists a zip archive: stored and deflated entries, found by the central directory. (APPNOTE.TXT, PKWARE.)
 *
 * @throws Error with a one-line reason; also from `read`.
 */
export function openZip(bytes: Uint8Array): ZipEntry[] {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(file);
  const count = file.readUInt16LE(end + 10);
  let at = file.readUInt32LE(end + 16);
  if (at === inZip64 || count === 0xffff)
    throw new Error('is a zip64 archive, which is not read: save fewer or smaller arrays');
  if (count > maxEntries) throw new Error(`holds ${count} files, more than ${maxEntries}`);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + centralSize > end || file.readUInt32LE(at) !== 0x02014b50) throw new Error('has a damaged directory');
    const nameLength = file.readUInt16LE(at + 28);
    const next = at + centralSize + nameLength + file.readUInt16LE(at + 30) + file.readUInt16LE(at + 32);
    if (next > end) throw new Error('has a damaged directory');
    entries.push(entryOf(file, at, file.toString('utf8', at + centralSize, at + centralSize + nameLength)));
    at = next;
  }
  return entries;
}

function entryOf(file: Buffer, at: number, name: string): ZipEntry {
  const flags = file.readUInt16LE(at + 8);
  const method = file.readUInt16LE(at + 10);
  const crc = file.readUInt32LE(at + 16);
  const packed = file.readUInt32LE(at + 20);
  const size = file.readUInt32LE(at + 24);
  const local = file.readUInt32LE(at + 42);
  return { name, size, read };

  function read(): Uint8Array {
    if (flags & 1) throw new Error(`${name} is encrypted`);
    if (method !== 0 && method !== 8)
      throw new Error(`${name} is compressed in a way that is not read (method ${method})`);
    if ([packed, size, local].includes(inZip64))
      throw new Error(`${name} needs zip64, which is not read: save smaller arrays`);
    if (local + localSize > file.length || file.readUInt32LE(local) !== 0x04034b50)
      throw new Error(`${name} is damaged`);
    const start = local + localSize + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28);
    if (start + packed > file.length) throw new Error(`${name} is cut short`);
    const data = file.subarray(start, start + packed);
    const unpacked = method === 0 ? data : inflate(name, data, size);
    if (unpacked.length !== size || crc32(unpacked) !== crc) throw new Error(`${name} is damaged (checksum)`);
    return unpacked;
  }
}

function inflate(name: string, data: Uint8Array, size: number): Uint8Array {
  try {
    // One byte more than declared is enough to see that the declaration was a lie.
    return inflateRawSync(data, { maxOutputLength: size + 1 });
  } catch (thrown) {
    throw new Error(`${name} is damaged (${(thrown as Error).message})`, { cause: thrown });
  }
}

/** The end record stands last, before a comment of at most 65,535 bytes. */
function findEnd(file: Buffer): number {
  const last = file.length - endSize;
  for (let at = last; at >= 0 && at >= last - 0xffff; at--) {
    if (file.readUInt32LE(at) === 0x06054b50 && at + endSize + file.readUInt16LE(at + 20) === file.length) return at;
  }
  throw new Error('is no zip archive, or is cut short');
}
