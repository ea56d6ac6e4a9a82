import { existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join, posix, resolve } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { diskFiles } from '../../formats/files/disk.js';
import { defaultReadLimits } from '../../formats/index.js';
import { locateModel } from '../../formats/locate.js';
import { searchPlace } from '../../formats/search.js';
import type { ModelReadLimits } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';

export interface FoundModels {
  /** As the user would name them, in the order asked for, without repeats. */
  readonly paths: readonly string[];
  /** What matched nothing. */
  readonly missing: readonly string[];
  /** Models of formats that are not read, found beside others in a folder. */
  readonly unread: readonly UnreadModel[];
}

export interface UnreadModel {
  readonly path: string;
  /** `a PyTorch file`. */
  readonly what: string;
}

/**
 * Models named by files, folders (searched recursively) and globs. A file that is named outright is taken whatever it is. In
 * a folder files are told by their content, if their extension may be that of a model; the files of a SavedModel and the
 * weights of a model in several files are no models of their own.
 */
export async function findModels(
  patterns: readonly string[],
  options: { readonly cwd?: string; readonly limits?: ModelReadLimits } = {},
): Promise<FoundModels> {
  const cwd = options.cwd ?? process.cwd();
  const paths = new Map<string, string>();
  const missing: string[] = [];
  const unread: UnreadModel[] = [];
  for (const pattern of patterns) {
    const found = await expand(pattern, cwd, options.limits ?? defaultReadLimits);
    if (found.paths.length === 0) missing.push(pattern);
    else unread.push(...found.unread);
    for (const path of found.paths) {
      const file = await mainFile(resolve(cwd, path));
      if (!paths.has(file)) paths.set(file, path);
    }
  }
  return { paths: [...paths.values()], missing, unread };
}

type Expanded = Pick<FoundModels, 'paths' | 'unread'>;

async function expand(pattern: string, cwd: string, limits: ModelReadLimits): Promise<Expanded> {
  const info = await stat(resolve(cwd, pattern)).catch(() => undefined);
  if (info?.isDirectory()) return searchFolder(pattern, resolve(cwd, pattern), limits);
  if (info !== undefined) return { paths: [pattern], unread: [] };
  if (!isDynamicPattern(pattern)) return { paths: [], unread: [] };
  const settings = { cwd, expandDirectories: false };
  const folders = (await glob(pattern, { ...settings, onlyDirectories: true }))
    .map((folder) => folder.replace(/\/$/, ''))
    .filter((folder) => existsSync(resolve(cwd, folder, savedModelFile)));
  const files = (await glob(pattern, settings)).filter(
    (file) => !folders.some((folder) => file.startsWith(`${folder}/`)),
  );
  return { paths: [...files, ...folders].sort(byDepth), unread: [] };
}

async function searchFolder(pattern: string, folder: string, limits: ModelReadLimits): Promise<Expanded> {
  const names = (await glob(modelFiles, { cwd: folder, caseSensitiveMatch: false })).sort(byDepth);
  const at = (name: string) => ({ files: diskFiles(join(folder, name), limits), main: basename(name) });
  const { models, archives, foreign } = searchPlace({ names, at }, limits);
  const chosen = new Set(models);
  const unread: UnreadModel[] = [];
  for (const name of archives) if (await holdsModel(join(folder, name), limits)) chosen.add(name);
  const prefix = pattern.replace(/[/\\]+$/, '') || pattern;
  const inPattern = (name: string): string =>
    prefix === '.' ? name : prefix === '/' ? `/${name}` : name === '.' ? prefix : `${prefix}/${name}`;
  for (const { name, format } of foreign) {
    // What claims to be a model that is read is scanned, and fails.
    if (certain.test(name)) chosen.add(name);
    else unread.push({ path: inPattern(name), what: format.name });
  }
  const paths = [...chosen].sort(byDepth).map((name) => inPattern(savedModelFolder(name, chosen)));
  return { paths, unread };
}

/** A SavedModel is named by its folder, unless other models lie in it. */
function savedModelFolder(name: string, all: ReadonlySet<string>): string {
  if (posix.basename(name) !== savedModelFile) return name;
  const folder = posix.dirname(name);
  const others = [...all].some((other) => other !== name && (folder === '.' || other.startsWith(`${folder}/`)));
  return others ? name : folder;
}

/** Whatever is wrong with an archive besides that no model is in it shows when it is scanned. */
async function holdsModel(path: string, limits: ModelReadLimits): Promise<boolean> {
  try {
    await locateModel(path, limits);
    return true;
  } catch (thrown) {
    return !(thrown instanceof ScanError && thrown.code === 'model-not-found');
  }
}

/** Of two names of one model only one is scanned. */
async function mainFile(path: string): Promise<string> {
  const inside = join(path, savedModelFile);
  return realpath(existsSync(inside) ? inside : path).catch(() => path);
}

const savedModelFile = 'saved_model.pb';
const certain = /\.(onnx|keras)$/i;
/** What may be a model; `.bin` files are weights of one, with one well-known exception. */
const modelFiles = [
  '**/*.{onnx,keras,h5,hdf5,pb,pbtxt,json,safetensors,zip,tar,tgz,tar.gz}',
  '**/*.{pt,pth,ckpt,tflite,ort,pte,mlmodel,gguf}',
  '**/pytorch_model.bin',
];

/** Shallow first, so that of a file and links to it the one a person would name is kept. */
function byDepth(a: string, b: string): number {
  return a.split('/').length - b.split('/').length || (a < b ? -1 : 1);
}
