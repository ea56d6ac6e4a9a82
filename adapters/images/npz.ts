import { open, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { ScanError } from '../../core/scan/errors.js';
import { npyParts, readNpy, type NpyArray, type NpyWritable } from './npy.js';
import { imageLimits } from './options.js';
import { openZip } from './zip.js';

/** Offsets and sizes are 32 bits wide; a mebibyte is left for the directory. */
const maxZipBytes = 2 ** 32 - 2 ** 20;

/**
 * Reads the arrays of a .npz archive that `wanted` picks from the names in it (all by default).
 *
 * @throws Error with a one-line reason; when the picked arrays declare more than `maxBytes`, before unpacking any.
 */
export function readNpz(
  bytes: Uint8Array,
  wanted: (names: readonly string[]) => readonly string[] = (names) => names,
  maxBytes: number = imageLimits.maxArrayBytes,
): Map<string, NpyArray> {
  const entries = new Map(
    openZip(bytes).flatMap((entry) => (entry.name.endsWith('.npy') ? [[entry.name.slice(0, -4), entry] as const] : [])),
  );
  const picked = wanted([...entries.keys()]).map((name) => [name, entries.get(name)!] as const);
  const declared = picked.reduce((sum, [, entry]) => sum + entry.size, 0);
  if (declared > maxBytes) {
    throw new Error(`unpacks to ${declared} bytes, more than ${Math.floor(maxBytes / 2 ** 20)} MiB`);
  }
  return new Map(
    picked.map(([name, entry]) => {
      const unpacked = entry.read();
      try {
        return [name, readNpy(unpacked)];
      } catch (thrown) {
        throw new Error(`array ${name} ${(thrown as Error).message}`, { cause: thrown });
      }
    }),
  );
}

/**
 * Writes arrays as an uncompressed .npz that `numpy.load` reads. The file appears complete or not at all, and the same
 * arrays give the same bytes.
 *
 * @throws ScanError `output-unwritable`.
 */
export async function writeNpz(path: string, arrays: Readonly<Record<string, NpyWritable>>): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    const file = await open(partial, 'w');
    try {
      const directory: Buffer[] = [];
      let offset = 0;
      for (const [name, array] of Object.entries(arrays)) {
        const parts = npyParts(array);
        const { local, central, size } = zipRecords(`${name}.npy`, parts, offset);
        for (const part of [local, ...parts]) await file.writeFile(part);
        offset += local.length + size;
        directory.push(central);
      }
      await file.writeFile(Buffer.concat([...directory, endRecord(directory, offset)]));
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (thrown) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw new ScanError('output-unwritable', `${path} cannot be written: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}

/** Stored entry: local header and central directory record (APPNOTE.TXT 4.3.7 and 4.3.12). */
function zipRecords(
  name: string,
  parts: readonly Uint8Array[],
  offset: number,
): { local: Buffer; central: Buffer; size: number } {
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (offset + size >= maxZipBytes) throw new Error('the arrays take more than 4 GiB; ask for fewer images or classes');
  const nameBytes = Buffer.from(name, 'utf8');
  // Version 2.0, UTF-8 names, stored, 1980-01-01 00:00, checksum, both sizes, length of the name, no extra field.
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(0x0800, 2);
  shared.writeUInt16LE(0x0021, 8);
  shared.writeUInt32LE(checksum(parts), 10);
  shared.writeUInt32LE(size, 14);
  shared.writeUInt32LE(size, 18);
  shared.writeUInt16LE(nameBytes.length, 22);
  const local = Buffer.concat([signature(0x04034b50), shared, nameBytes]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  const central = Buffer.concat([signature(0x02014b50), Buffer.from([20, 0]), shared, tail, nameBytes]);
  return { local, central, size };
}

/** zlib forgets the running value when it is given no bytes at all. */
function checksum(parts: readonly Uint8Array[]): number {
  return parts.reduce((crc, part) => (part.length > 0 ? crc32(part, crc) : crc), 0);
}

function endRecord(directory: readonly Buffer[], offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, record) => sum + record.length, 0),
    12,
  );
  end.writeUInt32LE(offset, 16);
  return end;
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
