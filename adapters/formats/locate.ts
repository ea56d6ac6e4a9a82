import { stat } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import type { ModelFiles, ModelFormat, ModelReadLimits } from '../../core/ports/model-format.js';
import { ScanError } from '../../core/scan/errors.js';
import { unpackArchive } from './files/archive.js';
import { diskFiles, type DiskFiles } from './files/disk.js';
import { listFolder } from './files/folder.js';
import { memoryFiles } from './files/memory.js';
import { foreignError, foreignFormat } from './foreign.js';
import { onnxFormat } from './onnx/index.js';
import { recognise } from './recognise.js';
import { searchPlace, type Found, type Place } from './search.js';
import { formats, meantFormat } from './table.js';

/** Where a model lies and how it is read. */
export interface Located {
  readonly format: ModelFormat;
  readonly files: ModelFiles;
  readonly main: string;
  /** The file or files on the disk that hold it. */
  readonly disk: DiskFiles;
  /** Set where the model lies in an archive: the archive's name in {@link disk}. */
  readonly archive?: string | undefined;
}

/**
 * The model behind a path: a model file, an archive that holds one, or a folder that holds one.
 * @throws ScanError `model-not-found`, `model-unreadable`, `model-ambiguous`, `model-unsupported-format`, `model-malformed`,
 *   `model-too-large`.
 */
export async function locateModel(path: string, limits: ModelReadLimits): Promise<Located> {
  const info = await stat(path).catch((thrown: unknown) => unreadable(thrown, path));
  if (info.isFile()) return locateFile(diskFiles(path, limits), basename(path), limits);
  if (!info.isDirectory()) throw new ScanError('model-unreadable', `${path}: neither a file nor a folder`);
  const place = folderPlace(path, limits);
  const found = searchPlace(place, limits);
  // An archive in a folder counts where nothing else is there.
  const main = theOnly(found.models.length > 0 ? found.models : found.archives, found, path, 'folder');
  return locateFile(diskFiles(join(path, main), limits, place.at(main).files.names), basename(main), limits);
}

export function unreadable(thrown: unknown, path: string): never {
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (code === 'ENOENT') throw new ScanError('model-not-found', `${path}: no such file or folder`, { cause: thrown });
  throw new ScanError('model-unreadable', `${path}: cannot be read (${code ?? message})`, { cause: thrown });
}

async function locateFile(disk: DiskFiles, main: string, limits: ModelReadLimits): Promise<Located> {
  const what = recognise(disk, main);
  const title = disk.title(main);
  switch (what.kind) {
    case 'model':
      return { format: what.format, files: disk, main, disk };
    case 'foreign':
      throw foreignError(title, what.format);
    case 'archive': {
      const files = await unpackArchive(disk.read(main), what.archive, title, limits);
      return { ...locateInArchive(files, title, limits), disk, archive: main };
    }
    case 'unknown': {
      const format = meantFormat(main, disk.head(main)) ?? (disk.size(main) === 0 ? onnxFormat : undefined);
      if (format) return { format, files: disk, main, disk };
      throw new ScanError(
        'model-malformed',
        `${title}: not the content of a model file (${formatNames()}). Is it the right file, and is it complete?`,
      );
    }
  }
}

function locateInArchive(all: ModelFiles, title: string, limits: ModelReadLimits): Omit<Located, 'disk' | 'archive'> {
  const place: Place = {
    // As in a folder; a Mac packs resource forks along.
    names: all.names.filter((name) => !/(^|\/)(\.|__MACOSX\/)/.test(name)),
    at: (name) => ({ files: within(all, posix.dirname(name), title), main: posix.basename(name) }),
  };
  const found = searchPlace(place, limits);
  const [nested] = found.archives;
  if (nested !== undefined) {
    throw new ScanError(
      'model-unsupported-format',
      `${title}: holds another archive, '${nested}'. Archives in archives are not unpacked: unpack it first`,
    );
  }
  const foreign = foreignFormat(zipHead, title, all.names);
  if (found.models.length === 0 && foreign) throw foreignError(title, foreign);
  const { files, main } = place.at(theOnly(found.models, found, title, 'archive'));
  const what = recognise(files, main);
  return { format: what.kind === 'model' ? what.format : meantFormat(main, files.head(main))!, files, main };
}

const zipHead = Uint8Array.of(0x50, 0x4b, 3, 4);

function theOnly(candidates: readonly string[], { foreign }: Found, path: string, where: 'folder' | 'archive'): string {
  const [model, another] = candidates;
  if (model === undefined) {
    const [other] = foreign;
    if (other) throw foreignError(`${path}: ${other.name}`, other.format);
    throw new ScanError(
      'model-not-found',
      `${path}: no model in this ${where} (${formatNames()}). Give the path of a model file`,
    );
  }
  if (another !== undefined) {
    const some = candidates.slice(0, 5).join(', ') + (candidates.length > 5 ? ', ...' : '');
    const what = where === 'folder' ? 'Give the path of one' : 'Unpack it and give the path of one';
    throw new ScanError('model-ambiguous', `${path}: ${candidates.length} models (${some}). ${what}`);
  }
  return model;
}

function folderPlace(path: string, limits: ModelReadLimits): Place {
  const names = listFolder(path);
  return {
    names,
    at: (name) => ({
      files: diskFiles(join(path, name), limits, beneath(names, posix.dirname(name))),
      main: posix.basename(name),
    }),
  };
}

/** The files of an archive that lie in one of its folders, under their names in it. */
function within(all: ModelFiles, folder: string, title: string): ModelFiles {
  if (folder === '.') return all;
  return memoryFiles(
    new Map(beneath(all.names, folder).map((name) => [name, all.read(`${folder}/${name}`)])),
    `${title}: ${folder}`,
  );
}

function beneath(names: readonly string[], folder: string): readonly string[] {
  if (folder === '.') return names;
  return names.filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1));
}

function formatNames(): string {
  return formats.map(({ name }) => name).join(', ');
}
