import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, opendir, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';
import { exactly, withErrors, type Body } from './body.js';
import { checkKey, isKey } from './key.js';

/**
 * Objects as files of one folder, which is made when the first object comes. An object is written beside the others, synced
 * and renamed, so that a crash or a full disk never leaves half of one. No symbolic link below the folder is followed.
 */
export function createFileObjectStore(dir: string): ObjectStore {
  const root = resolve(dir);
  let swept: Promise<void> | undefined;
  return {
    put: (key, body, bytes) =>
      reported(root, key, async () => {
        const uploads = join(root, temporaryDir);
        await mkdir(uploads, { recursive: true });
        if (!(await lstat(uploads)).isDirectory()) throw notFollowed(uploads);
        await (swept ??= sweep(uploads));
        await write(root, key, body, bytes);
      }),
    get: (key) =>
      reported(root, key, async () => {
        const found = await entry(root, key);
        if (!found?.isFile()) return undefined;
        const handle = await open(join(root, key), constants.O_RDONLY | constants.O_NOFOLLOW).catch(ignore('ENOENT'));
        if (!handle) return undefined;
        const { size: bytes } = await handle.stat();
        const body = exactly(bytes, handle.createReadStream({ highWaterMark: 1 << 18 }), label(root, key));
        return { bytes, body: withErrors(body, (error) => failed(root, key, error)) };
      }),
    size: (key) =>
      reported(root, key, async () => {
        const found = await entry(root, key);
        return found?.isFile() ? found.size : undefined;
      }),
    delete: (key) =>
      reported(root, key, async () => {
        if ((await entry(root, key))?.isFile()) await unlink(join(root, key)).catch(ignore('ENOENT'));
      }),
    list: (prefix) => withErrors(list(root, prefix), (error) => failed(root, prefix, error)),
  };
}

/** No key contains a tilde, so nothing in it is ever taken for an object. */
const temporaryDir = '~uploads';
/** A process killed while it wrote leaves its temporary file behind; one that still grows is touched all the time. */
const staleAfter = 3_600_000;

async function write(root: string, key: string, body: Body, bytes: number): Promise<void> {
  const target = join(root, key);
  const temporary = join(root, temporaryDir, `${process.pid}.${randomUUID()}`);
  try {
    const handle = await open(temporary, 'wx', 0o644);
    try {
      for await (const chunk of exactly(bytes, body, label(root, key))) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await makeParents(root, key);
    await rename(temporary, target);
    await syncDirectory(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function makeParents(root: string, key: string): Promise<void> {
  for (const path of parents(root, key)) {
    const made = await mkdir(path)
      .then(() => true)
      .catch(ignore('EEXIST'));
    if (made) await syncDirectory(dirname(path));
    else if (!(await lstat(path)).isDirectory()) throw notFollowed(path);
  }
}

/** What stands at a key, if all folders above it are real ones. */
async function entry(root: string, key: string): Promise<Stats | undefined> {
  for (const path of parents(root, key)) {
    const info = await lstat(path).catch(ignore('ENOENT', 'ENOTDIR'));
    if (info?.isSymbolicLink()) throw notFollowed(path);
    if (!info?.isDirectory()) return undefined;
  }
  const info = await lstat(join(root, key)).catch(ignore('ENOENT', 'ENOTDIR'));
  if (info?.isSymbolicLink()) throw notFollowed(join(root, key));
  return info;
}

/** The folders between the root and the object, the outermost first. */
function parents(root: string, key: string): string[] {
  const names = key.split('/').slice(0, -1);
  return names.map((_, index) => join(root, ...names.slice(0, index + 1)));
}

async function* list(root: string, prefix: string): AsyncGenerator<{ key: string; bytes: number }> {
  // Only folders that can hold a matching key are read.
  const pending = [prefix.slice(0, prefix.lastIndexOf('/') + 1)];
  if (pending[0] !== '' && !isKey(pending[0]!.slice(0, -1))) return;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const opened = await opendir(join(root, folder)).catch(ignore('ENOENT', 'ENOTDIR'));
    if (opened === undefined) continue;
    for await (const item of opened) {
      const key = folder + item.name;
      const possible = isKey(key) && (key.startsWith(prefix) || prefix.startsWith(`${key}/`));
      if (possible && item.isDirectory()) pending.push(`${key}/`);
      if (!possible || !item.isFile() || !key.startsWith(prefix)) continue;
      const info = await lstat(join(root, key)).catch(ignore('ENOENT'));
      if (info) yield { key, bytes: info.size };
    }
  }
}

async function sweep(folder: string): Promise<void> {
  const now = Date.now();
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const info = await stat(path).catch(() => undefined);
    if (info && now - info.mtimeMs > staleAfter) await rm(path, { force: true }).catch(() => undefined);
  }
}

/** A rename is on the disk only when its folder is. Some file systems cannot sync a folder, and need not. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(ignore('EISDIR', 'EPERM', 'EACCES'));
  try {
    await handle?.sync().catch(ignore('EINVAL', 'EPERM', 'ENOTSUP'));
  } finally {
    await handle?.close();
  }
}

async function reported<T>(root: string, key: string, work: () => Promise<T>): Promise<T> {
  checkKey(key);
  return work().catch((error: unknown) => {
    throw failed(root, key, error);
  });
}

function failed(root: string, key: string, error: unknown): ScanError {
  if (error instanceof ScanError) return error;
  const { message } = asScanError(error);
  return new ScanError('storage-failed', `${label(root, key)}: ${message}; free space or permissions may be missing`, {
    cause: error,
    retryable: true,
  });
}

function notFollowed(path: string): ScanError {
  return new ScanError(
    'storage-failed',
    `${path} is a link or no folder; the object store follows no links, remove it`,
  );
}

function label(root: string, key: string): string {
  return `object ${key} in ${root}`;
}

function ignore(...codes: readonly string[]) {
  return (error: unknown): undefined => {
    if (!codes.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  };
}
