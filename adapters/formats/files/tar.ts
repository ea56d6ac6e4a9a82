import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { ScanError } from '../../../core/scan/errors.js';
import { createEntries, type Entries } from './entries.js';
import { maxFiles } from './folder.js';

/** @throws ScanError; what the libraries say of a damaged archive is thrown as it is. */
export async function untar(
  bytes: Uint8Array,
  gzipped: boolean,
  title: string,
  maxBytes: number,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = createEntries(title, maxBytes);
  const tar = extract();
  // In one piece: each file is a view of it then.
  tar.end(gzipped ? await inflated(bytes, title, maxBytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  for await (const entry of tar) await unpack(entry, entries);
  return entries.contents;
}

interface Entry extends AsyncIterable<unknown> {
  readonly header: Header;
}

async function unpack(entry: Entry, entries: Entries): Promise<void> {
  const { name, size, type } = entry.header;
  entries.announce(name, type === 'directory' ? 0 : size);
  if (type === 'link' || type === 'symlink') {
    entries.refuse(name, 'a link. Pack the files themselves (tar --dereference --hard-dereference)');
  }
  if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory') entries.refuse(name, 'no regular file');
  const chunks: Buffer[] = [];
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    entries.count(name, chunk.length);
    chunks.push(chunk);
  }
  if (type === 'directory') return;
  entries.add(name, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
}

async function inflated(bytes: Uint8Array, title: string, maxBytes: number): Promise<Buffer> {
  try {
    // A header and padding per entry come on top of the contents.
    return await promisify(gunzip)(bytes, { maxOutputLength: maxBytes + maxFiles * 1024 });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw thrown;
    throw new ScanError(
      'model-too-large',
      `${title}: unpacks to more than ${maxBytes} bytes; see --max-model-size if you trust it`,
    );
  }
}
