import { crc32 } from 'node:zlib';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { ScanError } from '../../../core/scan/errors.js';
import { createEntries, type Entries } from './entries.js';

/** @throws ScanError; what the library says of a damaged archive is thrown as it is. */
export async function unzip(
  bytes: Uint8Array,
  title: string,
  maxBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries = createEntries(title, maxBytes);
  // File names are decoded and checked by the library too: backslashes, absolute paths, '..'.
  const zip = await fromBufferPromise(buffer, { lazyEntries: true, strictFileNames: true });
  for await (const entry of zip.eachEntry()) await unpack(zip, entry, entries, title);
  return entries.contents;
}

async function unpack(zip: ZipFile, entry: Entry, entries: Entries, title: string): Promise<void> {
  const name = entry.fileName;
  entries.announce(name, entry.uncompressedSize);
  if (name.endsWith('/')) return;
  // Systems of the Unix family keep the file's mode in the upper half.
  const type = (entry.externalFileAttributes >>> 16) & 0o170000;
  if (type === 0o120000) entries.refuse(name, 'a symbolic link. Pack the files themselves (zip without --symlinks)');
  if (type !== 0 && type !== 0o100000) entries.refuse(name, 'no regular file');
  if (entry.isEncrypted()) {
    throw new ScanError('model-unsupported-format', `${title}: encrypted ('${name}'). Unpack it with its password`);
  }
  if (!entry.canDecodeFileData()) {
    throw new ScanError(
      'model-unsupported-format',
      `${title}: '${name}' is packed by method ${entry.compressionMethod}. Pack it anew with deflate, or unpack it`,
    );
  }
  const content = new Uint8Array(entry.uncompressedSize);
  let at = 0;
  let sum = 0;
  const stream = await zip.openReadStreamPromise(entry);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    entries.count(name, chunk.length);
    if (at + chunk.length > content.length)
      entries.refuse(name, `unpacks to more than the ${content.length} declared bytes`);
    content.set(chunk, at);
    at += chunk.length;
    sum = crc32(chunk, sum);
  }
  if (at < content.length) entries.refuse(name, `unpacks to ${at} of ${content.length} declared bytes`);
  if (sum !== entry.crc32) entries.refuse(name, 'is damaged: its checksum is wrong. Download the archive again');
  entries.add(name, content);
}
