import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOfSums } from '../../adapters/formats/digest.js';
import { getBlobFile } from '../../adapters/stores/objects/blobs.js';
import { modelPaths, neutralName } from '../../adapters/wire/paths.js';
import type { ModelReference } from '../../core/pipeline/order.js';
import type { ObjectStore } from '../../core/ports/object-store.js';
import { asScanError, ScanError } from '../../core/scan/errors.js';
import { errorNumber } from './error-number.js';
import { openFolders } from './model-folders.js';

/** Model files on this disk, by the model's digest. */
export interface ModelCache {
  /**
   * Fetches and verifies what is not there; nothing of it is removed until it is released. Waits while the cache is full of
   * models in use.
   * @param maxBytes over all files.
   * @throws ScanError `model-unreadable` when the files have no safe names or not the model's digest; `model-too-large`;
   *   `storage-failed`.
   */
  acquire(model: ModelReference, maxBytes?: number): Promise<ModelLease>;
  readonly bytes: number;
}

export interface ModelLease {
  /** Of the model file; the others lie where it expects them. */
  readonly path: string;
  /** Reads all files again and fetches those of a damaged model once more. False where the files are as they should be. */
  repair(): Promise<boolean>;
  release(): void;
}

export interface ModelCacheOptions {
  readonly dir: string;
  readonly maxBytes: number;
  readonly store: ObjectStore;
  readonly onRequest?: (outcome: 'hit' | 'miss') => void;
  readonly onDownload?: (bytes: number) => void;
  readonly onSize?: (bytes: number) => void;
}

/** Models of earlier processes are found again; what these left half-done is removed. */
export async function openModelCache(options: ModelCacheOptions): Promise<ModelCache> {
  const { store, onRequest, onDownload, onSize } = options;
  const folders = await openFolders(join(options.dir, 'models'), options.maxBytes, onSize);
  /** Fetching models, so that tasks of one model fetch it once. */
  const fetching = new Map<string, Promise<void>>();

  const fetchOnce = (name: string, files: readonly LocalFile[]): Promise<void> => {
    const under = fetching.get(name) ?? fetch(name, files).finally(() => fetching.delete(name));
    fetching.set(name, under);
    return under;
  };
  const fetch = async (name: string, files: readonly LocalFile[]): Promise<void> => {
    const bytes = sizeOf(files);
    await folders.reserve(name, bytes);
    try {
      for (;;) {
        try {
          await folders.fill(name, (folder) => download(store, files, folder));
          onDownload?.(bytes);
          return;
        } catch (thrown) {
          // The limit of the cache may be above what the disk holds.
          if (!fullDisk.has(errorNumber(thrown) ?? '') || !(await folders.evictOne())) throw asStorageError(thrown);
        }
      }
    } catch (thrown) {
      folders.abandon(name);
      throw thrown;
    }
  };

  return {
    acquire: async (model, maxBytes = Infinity) => {
      const { name, files } = localFiles(model);
      const size = sizeOf(files);
      if (size > maxBytes) {
        throw new ScanError(
          'model-too-large',
          `${model.name}: its files have ${size} bytes, more than the ${maxBytes} allowed; raise the limit (--max-model-size)`,
        );
      }
      const folder = folders.path(name);
      folders.pin(name);
      try {
        const hit = !fetching.has(name) && folders.has(name) && (await present(folder, files));
        onRequest?.(hit ? 'hit' : 'miss');
        if (!hit) await fetchOnce(name, files);
      } catch (thrown) {
        folders.unpin(name);
        throw thrown;
      }
      let released = false;
      return {
        path: join(folder, files[0]!.path),
        repair: async () => {
          if (await intact(folder, files)) return false;
          await fetchOnce(name, files);
          return true;
        },
        release: () => {
          if (!released) folders.unpin(name);
          released = true;
        },
      };
    },
    get bytes() {
      return folders.bytes;
    },
  };
}

interface LocalFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A model in one file is called the same for all. */

function localFiles(model: ModelReference): { readonly name: string; readonly files: readonly LocalFile[] } {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(model.digest)?.[1];
  try {
    modelPaths(model.files.map(({ path }) => path));
  } catch (thrown) {
    throw unreadable(model, asScanError(thrown).message);
  }
  if (
    hex === undefined ||
    digestOfSums(model.files.map(({ path, sha256 }) => ({ path, sum: sha256 }))) !== model.digest
  ) {
    throw unreadable(model, `the files it names do not have the digest ${model.digest}; submit it again`);
  }
  const [first] = model.files;
  return { name: hex, files: model.files.length === 1 ? [{ ...first!, path: neutralName }] : model.files };
}

function unreadable({ name }: ModelReference, why: string): ScanError {
  return new ScanError('model-unreadable', `${name}: ${why}`);
}

async function download(store: ObjectStore, files: readonly LocalFile[], folder: string): Promise<void> {
  for (const file of files) {
    const path = join(folder, file.path);
    await mkdir(dirname(path), { recursive: true });
    await getBlobFile(store, file, path);
  }
}

/** All files with the right sizes; what an interrupted removal or another process took away is noticed. */
async function present(folder: string, files: readonly LocalFile[]): Promise<boolean> {
  const sizes = await Promise.all(
    files.map(({ path }) =>
      stat(join(folder, path)).then(
        (info) => (info.isFile() ? info.size : undefined),
        () => undefined,
      ),
    ),
  );
  return files.every(({ bytes }, i) => sizes[i] === bytes);
}

async function intact(folder: string, files: readonly LocalFile[]): Promise<boolean> {
  for (const { path, sha256 } of files) {
    const hash = createHash('sha256');
    try {
      for await (const chunk of createReadStream(join(folder, path)) as AsyncIterable<Buffer>) hash.update(chunk);
    } catch {
      return false;
    }
    if (hash.digest('hex') !== sha256) return false;
  }
  return true;
}

function sizeOf(files: readonly LocalFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function asStorageError(thrown: unknown): ScanError {
  if (thrown instanceof ScanError) return thrown;
  const { message } = asScanError(thrown);
  return new ScanError('storage-failed', `model cache: ${message}`, { cause: thrown, retryable: true });
}

const fullDisk: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
