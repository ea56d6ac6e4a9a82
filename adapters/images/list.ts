import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { ScanError } from '../../core/scan/errors.js';
import { byCodeUnits } from './choose.js';
import type { ImageLimits } from './options.js';

export interface ListedFile {
  /** Relative to the folder, with `/`. */
  readonly name: string;
  readonly path: string;
}

export interface Listing {
  /** All files below the folder, sorted by name in code-unit order. */
  readonly files: readonly ListedFile[];
  /** The folder's own sub-folders, sorted by name. */
  readonly folders: readonly string[];
}

/** Lists a folder and what is below it. Hidden entries and macOS archive leftovers are passed over. */
export async function listFolder(root: string, limits: ImageLimits): Promise<Listing> {
  const files: ListedFile[] = [];
  const folders: string[] = [];
  let entries = 0;

  async function walk(prefix: string, depth: number): Promise<void> {
    const dir = join(root, prefix);
    if (depth > limits.maxDepth) {
      throw new ScanError('images-unreadable', `${dir} lies more than ${limits.maxDepth} folders below ${root}`);
    }
    const found = await readdir(dir, { withFileTypes: true }).catch((thrown: unknown) => {
      throw new ScanError('images-unreadable', `${dir} cannot be listed: ${(thrown as Error).message}`, {
        cause: thrown,
      });
    });
    entries += found.length;
    if (entries > limits.maxEntries) {
      throw new ScanError(
        'images-unreadable',
        `${root} holds more than ${limits.maxEntries} files: point to a folder with the few clean images to use`,
      );
    }
    for (const entry of found) {
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const name = prefix + entry.name;
      const path = join(root, name);
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(path)));
      if (!isFolder) {
        files.push({ name, path });
      } else if (!entry.isSymbolicLink() || !(await leadsUp(path))) {
        if (depth === 0) folders.push(entry.name);
        await walk(`${name}/`, depth + 1);
      }
    }
  }

  await walk('', 0);
  files.sort((a, b) => byCodeUnits(a.name, b.name));
  return { files, folders: folders.sort(byCodeUnits) };
}

/** A link to nowhere counts as a file, so that reading it names it in the error. */
async function leadsToFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

/** A link to a folder it lies in holds nothing new and would never end. */
async function leadsUp(link: string): Promise<boolean> {
  const [place, target] = await Promise.all([realpath(dirname(link)), realpath(link)]);
  return place === target || place.startsWith(target.endsWith(sep) ? target : target + sep);
}
