import { createHash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { headBytes, type ModelFiles, type ModelReadLimits } from '../../../core/ports/model-format.js';
import { asScanError, ScanError } from '../../../core/scan/errors.js';
import { sha256 } from '../../hash/sha256.js';
import { normalName } from './names.js';

/** The files of a model on this machine's disk. */
export interface DiskFiles extends ModelFiles {
  /** Where a file of the model lies. */
  path(name: string): string;
  /** 64 hex digits. Of a file that was not read, without holding it in memory. */
  sha256(name: string): Promise<string>;
}

/**
 * The files beside a model file. Each is read once, whole, so that what is hashed is what is used; tensors are views of it.
 *
 * A name is relative and stays inside the model's folder after symbolic links are resolved. Where the model itself is a link
 * (as in download caches), the folder it points to counts as well.
 *
 * @param names of all files where the folder was named, not the file.
 */
export function diskFiles(
  mainPath: string,
  { maxModelBytes }: ModelReadLimits,
  names: readonly string[] = [basename(mainPath)],
): DiskFiles {
  const folder = dirname(mainPath);
  const main = basename(mainPath);
  const roots = [realpathSync(folder), dirname(realpathSync(mainPath))];
  /** By real path, so that a link to a file is that file. */
  const contents = new Map<string, Uint8Array>();
  const hashed = new Set<string>();
  let left = maxModelBytes;

  const locate = (name: string): string => {
    if (name === main) return realpathSync(mainPath);
    const refuse = refusing(name);
    const key = normalName(name, refuse);
    let real: string;
    try {
      real = realpathSync(join(folder, key));
    } catch (thrown) {
      return refuse(`no such file beside the model (${errorCode(thrown)}). Put all files of the model into one folder`);
    }
    if (!roots.some((root) => isInside(real, root))) refuse("outside of the model's folder");
    return real;
  };
  const refusing =
    (name: string) =>
    (why: string): never => {
      throw new ScanError('model-external-data', `${title(name)}: ${why}`);
    };
  const title = (name: string): string => (name === main ? mainPath : join(folder, name));

  /** Opens without blocking, so that a named pipe in the model's folder cannot stop the scan. */
  const opened = <T>(name: string, use: (fd: number, size: number) => T): T => {
    const path = locate(name);
    let fd: number | undefined;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const info = fstatSync(fd);
      if (!info.isFile()) refusing(name)('not a regular file');
      return use(fd, info.size);
    } catch (thrown) {
      if (thrown instanceof ScanError) throw thrown;
      if (name === main) throw asScanError(thrown, 'model-unreadable', mainPath);
      return refusing(name)(`cannot be read (${errorCode(thrown)})`);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  };
  const take = (name: string, size: number): void => {
    if (size > left) {
      throw new ScanError(
        'model-too-large',
        name === main && left === maxModelBytes
          ? `${mainPath}: ${size} bytes (limit ${maxModelBytes}); see --max-model-size`
          : `${mainPath}: with '${name}' (${size} bytes) the model exceeds ${maxModelBytes} bytes; see --max-model-size`,
      );
    }
    left -= size;
  };

  const files: DiskFiles = {
    title,
    names,
    path: (name) => (name === main ? mainPath : join(folder, normalName(name, refusing(name)))),
    has: (name) => {
      try {
        return statSync(locate(name)).isFile();
      } catch {
        return false;
      }
    },
    size: (name) => contents.get(locate(name))?.length ?? opened(name, (_, size) => size),
    head: (name) => {
      const known = contents.get(locate(name));
      if (known) return known.subarray(0, headBytes);
      return opened(name, (fd, size) => readWhole(fd, Math.min(size, headBytes), title(name)));
    },
    read: (name) => {
      const real = locate(name);
      const known = contents.get(real);
      if (known) return known;
      const bytes = opened(name, (fd, size) => {
        if (!hashed.has(real)) take(name, size);
        return readWhole(fd, size, title(name));
      });
      contents.set(real, bytes);
      return bytes;
    },
    sha256: async (name) => {
      const real = locate(name);
      const known = contents.get(real);
      if (known) return sha256(known);
      if (!hashed.has(real)) {
        take(name, files.size(name));
        hashed.add(real);
      }
      try {
        return await hashOf(real);
      } catch (thrown) {
        throw asScanError(thrown, 'model-unreadable', title(name));
      }
    },
  };
  return files;
}

function readWhole(fd: number, size: number, title: string): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < bytes.length) {
    const got = readSync(fd, bytes, at, Math.min(bytes.length - at, 2 ** 30), at);
    if (got === 0) throw new ScanError('model-unreadable', `${title}: the file shrank while it was read`);
    at += got;
  }
  return bytes;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function errorCode(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
}
