import { readFile, stat } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { ScanError } from '../../core/scan/errors.js';
import { byCodeUnits } from './choose.js';
import { parseLabelCsv } from './csv.js';
import type { ListedFile, Listing } from './list.js';
import type { ImageLimits } from './options.js';

export interface Labels {
  /** Class index by listed file name; a file that is absent has no label. */
  readonly byFile: ReadonlyMap<string, number>;
  readonly classNames?: readonly string[] | undefined;
}

export interface LabelRow {
  readonly file: string;
  /** A class number or a class name. */
  readonly label: string | number;
}

/**
 * Labels of the images below `root`, from the first of: the file asked for, `labels.json`, `labels.csv`, the class
 * sub-folders. Without any of them no image has a label.
 *
 * @throws ScanError `images-missing` when the file asked for does not exist, `images-unreadable` when it is malformed,
 * contradicts itself or names none of the images.
 */
export async function labelsOf(
  root: string,
  files: readonly ListedFile[],
  listing: Listing,
  asked: string | undefined,
  limits: ImageLimits,
): Promise<Labels> {
  const beside = ['labels.json', 'labels.csv'].find((name) => listing.files.some((file) => file.name === name));
  const path = asked ?? (beside === undefined ? undefined : join(root, beside));
  if (path === undefined) return labelsFromFolders(files, listing.folders);
  const text = await readText(path, limits);
  const { rows, classes } = extname(path).toLowerCase() === '.json' ? parseJson(path, text) : parseCsv(path, text);
  const numbered = numberLabels(path, rows, classes);
  return { byFile: matchFiles(path, root, files, numbered.rows), classNames: numbered.classNames };
}

/**
 * ImageFolder convention: sub-folders sorted by name are the classes 0, 1, ...; names that are all numbers are the class
 * numbers themselves. One sub-folder that is not a number is only a place, not a class.
 */
export function labelsFromFolders(files: readonly ListedFile[], folders: readonly string[]): Labels {
  const numeric = folders.length > 0 && folders.every((name) => /^\d{1,9}$/.test(name));
  if (!numeric && folders.length < 2) return { byFile: new Map() };
  const classOf = new Map(folders.map((name, i) => [name, numeric ? Number(name) : i]));
  const byFile = new Map<string, number>();
  for (const { name } of files) {
    const slash = name.indexOf('/');
    const label = slash < 0 ? undefined : classOf.get(name.slice(0, slash));
    if (label !== undefined) byFile.set(name, label);
  }
  return { byFile, classNames: numeric ? undefined : folders };
}

interface Parsed {
  readonly rows: readonly LabelRow[];
  readonly classes?: readonly string[] | undefined;
}

/** `{classes: [name], images: [{file, label}]}`, `[{file, label}]` or `{file: label}`. */
function parseJson(path: string, text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    throw new ScanError('images-unreadable', `${path} is no JSON: ${(thrown as Error).message}`, { cause: thrown });
  }
  const holder = isRecord(value) && Array.isArray(value.images) ? value : undefined;
  const list: unknown = holder ? holder.images : value;
  const pairs: readonly unknown[] = Array.isArray(list)
    ? list
    : isRecord(list)
      ? Object.entries(list).map(([file, label]) => ({ file, label }))
      : [];
  const rows = pairs.map((pair, i): LabelRow => {
    const file = isRecord(pair) ? pair.file : undefined;
    const label = isRecord(pair) ? pair.label : undefined;
    if (typeof file === 'string' && (typeof label === 'string' || typeof label === 'number')) return { file, label };
    throw new ScanError(
      'images-unreadable',
      `${path}: entry ${i + 1} is not a file with a label; write {"classes": ["cat"], "images": [{"file": "1.png", "label": 0}]} or {"1.png": 0}`,
    );
  });
  const classes = holder?.classes;
  if (classes !== undefined && !(Array.isArray(classes) && classes.every((name) => typeof name === 'string'))) {
    throw new ScanError('images-unreadable', `${path}: "classes" must be a list of class names`);
  }
  return { rows, classes };
}

function parseCsv(path: string, text: string): Parsed {
  try {
    return { rows: parseLabelCsv(text) };
  } catch (thrown) {
    throw new ScanError('images-unreadable', `${path}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

/**
 * Class numbers stay; names are looked up in `classes`, or, where there is no such list, numbered in the order of the
 * sorted names of the whole file.
 */
function numberLabels(
  path: string,
  rows: readonly LabelRow[],
  classes: readonly string[] | undefined,
): { rows: { file: string; label: number }[]; classNames: readonly string[] | undefined } {
  const allNumbers = rows.every(({ label }) => isClassNumber(label));
  const classNames =
    classes ?? (allNumbers ? undefined : [...new Set(rows.map((r) => String(r.label)))].sort(byCodeUnits));
  const indexOf = new Map(classNames?.map((name, i) => [name, i]));
  const numbered = rows.map(({ file, label }) => {
    const byName = typeof label === 'string' ? indexOf.get(label) : undefined;
    const index = byName ?? (isClassNumber(label) && (classes || allNumbers) ? Number(label) : undefined);
    if (index === undefined || (classes && index >= classes.length)) {
      throw new ScanError('images-unreadable', `${path}: ${file} has the label ${label}, which is no class`);
    }
    return { file, label: index };
  });
  return { rows: numbered, classNames };
}

function isClassNumber(label: string | number): boolean {
  return typeof label === 'number' ? Number.isSafeInteger(label) && label >= 0 : /^\d{1,9}$/.test(label);
}

/** A row names a file relative to the images folder or to the labels file. Rows of other files are allowed. */
function matchFiles(
  path: string,
  root: string,
  files: readonly ListedFile[],
  rows: readonly { file: string; label: number }[],
): Map<string, number> {
  const known = new Set(files.map((file) => file.name));
  const byFile = new Map<string, number>();
  for (const { file, label } of rows) {
    const plain = file.replaceAll('\\', '/').replace(/^(\.\/)+/, '');
    const fromLabels = relative(root, resolve(dirname(path), plain))
      .split(sep)
      .join('/');
    const name = known.has(plain) ? plain : known.has(fromLabels) ? fromLabels : undefined;
    if (name === undefined) continue;
    const before = byFile.get(name);
    if (before !== undefined && before !== label) {
      throw new ScanError('images-unreadable', `${path} gives ${file} two labels, ${before} and ${label}`);
    }
    byFile.set(name, label);
  }
  if (byFile.size > 0 || files.length === 0) return byFile;
  const example = rows[0] ? `it begins with ${rows[0].file}` : 'it is empty';
  throw new ScanError(
    'images-unreadable',
    `${path} labels none of the images: ${example}, the images are named like ${files[0]!.name}`,
  );
}

async function readText(path: string, limits: ImageLimits): Promise<string> {
  const info = await stat(path).catch((thrown: unknown) => {
    throw new ScanError('images-missing', `the labels file ${path} cannot be read: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  });
  if (!info.isFile() || info.size > limits.maxLabelBytes) {
    throw new ScanError('images-unreadable', `${path} is no labels file: not a regular file, or larger than 64 MiB`);
  }
  return readFile(path, 'utf8');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
