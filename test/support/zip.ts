import { crc32, deflateRawSync } from 'node:zlib';

/** An entry of a zip, with lies where a test wants them. */
export interface ZipEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  readonly method?: number;
  readonly encrypted?: boolean;
  /** Unix mode in the external attributes. */
  readonly mode?: number;
  readonly declaredSize?: number;
  readonly crc?: number;
}

/** Writes a zip as no honest program would. */
export function zipOf(...entries: readonly ZipEntry[]): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content = new Uint8Array(), method = 8, encrypted = false, mode = 0, ...lies } of entries) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const { declaredSize = content.length, crc = crc32(content) } = lies;
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE((encrypted ? 1 : 0) | 0x800, 2);
    shared.writeUInt16LE(method, 4);
    shared.writeUInt32LE(crc, 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(declaredSize, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(mode * 65536, 6);
    tail.writeUInt32LE(offset, 10);
    // Made by a system of the Unix family.
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), shared, tail, Buffer.from(name)]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return new Uint8Array(Buffer.concat([...locals, central, Buffer.from('PK\x05\x06'), end]));
}
