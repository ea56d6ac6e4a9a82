import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { sha256 } from '../../hash/sha256.js';
import type { BlobReference } from '../../../core/pipeline/order.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';

/** Stores bytes under their sha256, unless they are there already. */
export async function putBlob(store: ObjectStore, bytes: Uint8Array): Promise<BlobReference> {
  const blob = { sha256: sha256(bytes), bytes: bytes.length };
  if (!(await hasBlob(store, blob))) await store.put(blobKey(blob), bytes, blob.bytes);
  return blob;
}

/** Like {@link putBlob}, with one chunk of the file in memory. A file that changes meanwhile is not stored. */
export async function putBlobFile(store: ObjectStore, path: string): Promise<BlobReference> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of fileChunks(path)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const blob = { sha256: hash.digest('hex'), bytes };
  if (!(await hasBlob(store, blob))) await store.put(blobKey(blob), verified(blob, fileChunks(path), path), bytes);
  return blob;
}

/** @throws ScanError `storage-failed` when the blob is missing, damaged or larger than `maxBytes`. */
export async function getBlob(store: ObjectStore, blob: BlobReference, maxBytes: number): Promise<Uint8Array> {
  if (blob.bytes > maxBytes) {
    throw new ScanError(
      'storage-failed',
      `blob ${blob.sha256}: ${blob.bytes} bytes, more than the ${maxBytes} allowed`,
    );
  }
  const whole = new Uint8Array(blob.bytes);
  let at = 0;
  for await (const chunk of blobChunks(store, blob)) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/**
 * Fetches a blob into a file, which appears as a whole or not at all.
 * @throws ScanError `storage-failed` when the blob is missing or damaged, or the disk is full.
 */
export async function getBlobFile(store: ObjectStore, blob: BlobReference, path: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      for await (const chunk of blobChunks(store, blob)) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw diskError(path, error);
  }
}

/** Whether the store holds an object of the blob's name and size. */
export async function hasBlob(store: ObjectStore, blob: BlobReference): Promise<boolean> {
  return (await store.size(blobKey(blob))) === blob.bytes;
}

export function blobKey({ sha256 }: BlobReference): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new ScanError('storage-failed', `${JSON.stringify(sha256.slice(0, 80))} is no sha256 of a blob`);
  }
  return `blobs/${sha256.slice(0, 2)}/${sha256}`;
}

/** Where a scan's report lies. */
export function reportKey(scanId: string, extension: 'json' | 'html'): string {
  return `reports/${scanId}/report.${extension}`;
}

/** Where a scan's whole result lies, pictures included, from which any report can be written again. */
export function resultKey(scanId: string): string {
  return `reports/${scanId}/result.json`;
}

async function* blobChunks(store: ObjectStore, blob: BlobReference): AsyncGenerator<Uint8Array> {
  const key = blobKey(blob);
  const found = await store.get(key);
  if (found === undefined) {
    throw new ScanError('storage-failed', `blob ${blob.sha256} is not in the object store; submit the scan again`);
  }
  yield* verified(blob, found.body, `object ${key}`);
}

/** The chunks unchanged; fails at the first byte too much, and at the end unless they are what the blob's name says. */
async function* verified(
  blob: BlobReference,
  chunks: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let seen = 0;
  for await (const chunk of chunks) {
    seen += chunk.length;
    if (seen > blob.bytes) throw damaged(what, `more than ${blob.bytes} bytes`, blob);
    hash.update(chunk);
    yield chunk;
  }
  if (seen < blob.bytes) throw damaged(what, `${seen} bytes`, blob);
  const sum = hash.digest('hex');
  if (sum !== blob.sha256) throw damaged(what, `sha256 ${sum}`, blob);
}

function damaged(what: string, found: string, { sha256, bytes }: BlobReference): ScanError {
  return new ScanError(
    'storage-failed',
    `${what}: ${found} instead of ${bytes} bytes with sha256 ${sha256}; if it stays so, delete the object and submit the scan again`,
    { retryable: true },
  );
}

async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw diskError(path, error);
  }
}

function diskError(path: string, error: unknown): ScanError {
  if (error instanceof ScanError) return error;
  return new ScanError('storage-failed', `${path}: ${asScanError(error).message}`, { cause: error, retryable: true });
}
