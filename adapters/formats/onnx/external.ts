import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, posix, relative, sep } from 'node:path';
import { ScanError } from '../../../core/scan/errors.js';
import type { ExternalData } from './tensors.js';

export interface ExternalFiles {
  readonly read: ExternalData;
  /** Contents by path relative to the model's folder, of the files read so far. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * The files beside a model that hold its tensors. Each is read once, whole, so that what is hashed is what is used;
 * tensors are views of it.
 *
 * A location is relative and stays inside the model's folder after symbolic links are resolved. Where the model itself is
 * a link (as in download caches), the folder it points to counts as well.
 *
 * @param budget bytes all of these files may have together.
 */
export function externalFiles(modelPath: string, budget: number): ExternalFiles {
  const folder = dirname(modelPath);
  const roots = [realpathSync(folder), dirname(realpathSync(modelPath))];
  const files = new Map<string, Uint8Array>();
  let left = budget;

  const read: ExternalData = (location, offset, length, tensor) => {
    const refuse = (why: string): never => {
      throw new ScanError(
        'model-external-data',
        `${modelPath}: ${tensor} is stored in '${location.slice(0, 200)}': ${why}`,
      );
    };
    const key = normalLocation(location, refuse);
    let bytes = files.get(key);
    if (!bytes) {
      bytes = load(key, refuse);
      files.set(key, bytes);
      left -= bytes.length;
    }
    if (offset + length > bytes.length) {
      refuse(`bytes ${offset} to ${offset + length} of a file of ${bytes.length}. Was it downloaded completely?`);
    }
    return bytes.subarray(offset, offset + length);
  };
  return { read, files };

  function load(key: string, refuse: (why: string) => never): Uint8Array {
    let real: string;
    try {
      real = realpathSync(join(folder, key));
    } catch (thrown) {
      return refuse(`no such file beside the model (${errorCode(thrown)}). Put all files of the model into one folder`);
    }
    if (!roots.some((root) => isInside(real, root))) refuse("outside of the model's folder");
    if (real === realpathSync(modelPath)) refuse('the model file itself');
    try {
      return readWhole(real, left, refuse);
    } catch (thrown) {
      if (thrown instanceof ScanError) throw thrown;
      return refuse(`cannot be read (${errorCode(thrown)})`);
    }
  }

  function readWhole(path: string, limit: number, refuse: (why: string) => never): Uint8Array {
    // Non-blocking, so that a named pipe in the model's folder cannot stop the scan.
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const info = fstatSync(fd);
      if (!info.isFile()) refuse('not a regular file');
      if (info.size > limit) {
        throw new ScanError(
          'model-too-large',
          `${modelPath}: with '${basename(path)}' (${info.size} bytes) the model exceeds ${budget} bytes of external data`,
        );
      }
      const bytes = new Uint8Array(info.size);
      let at = 0;
      while (at < bytes.length) {
        const got = readSync(fd, bytes, at, Math.min(bytes.length - at, 2 ** 30), at);
        if (got === 0) refuse('the file shrank while it was read');
        at += got;
      }
      return bytes;
    } finally {
      closeSync(fd);
    }
  }
}

function normalLocation(location: string, refuse: (why: string) => never): string {
  if (location === '') refuse('the location is empty');
  // Control characters and backslashes never occur in honest locations and would make the digest's lines ambiguous.
  if (/[\p{Cc}\\]/u.test(location)) refuse('the location contains control characters or backslashes');
  if (isAbsolute(location) || /^[A-Za-z]:/.test(location)) refuse('an absolute path');
  if (location.split('/').includes('..')) refuse("a path that leaves the model's folder");
  return posix.normalize(location);
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function errorCode(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
}
