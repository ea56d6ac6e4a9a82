import { posix } from 'node:path';
import type { ModelFiles, ModelFormat, ModelReadLimits } from '../../core/ports/model-format.js';
import { ScanError } from '../../core/scan/errors.js';
import type { ForeignFormat } from './foreign.js';
import { recognise, type Recognised } from './recognise.js';
import { meantFormat } from './table.js';

/** A folder or an archive. */
export interface Place {
  readonly names: readonly string[];
  /** A file as the main one of a model, with the files of its folder. */
  at(name: string): { readonly files: ModelFiles; readonly main: string };
}

export interface Found {
  /** Main files; what belongs to one of them is no model of its own. */
  readonly models: readonly string[];
  readonly archives: readonly string[];
  readonly foreign: readonly { readonly name: string; readonly format: ForeignFormat }[];
}

/** What lies in a place, by content. What cannot be read, or only its name says that it is a model, counts as a model. */
export function searchPlace(place: Place, limits: ModelReadLimits): Found {
  const models: Candidate[] = [];
  const archives: string[] = [];
  const foreign: { name: string; format: ForeignFormat }[] = [];
  for (const name of place.names) {
    const what = lookAt(place, name);
    if (what.kind === 'archive') archives.push(name);
    else if (what.kind === 'foreign') foreign.push({ name, format: what.format });
    else if (what.kind === 'model') models.push({ name, format: what.format });
    else if (what.kind === 'unreadable' || seemsModel(place, name)) models.push({ name });
  }
  return { models: withoutSidecars(models, place, limits), archives, foreign };
}

interface Candidate {
  readonly name: string;
  readonly format?: ModelFormat;
}

function lookAt(place: Place, name: string): Recognised | { readonly kind: 'unreadable' } {
  try {
    const { files, main } = place.at(name);
    return recognise(files, main);
  } catch {
    return { kind: 'unreadable' };
  }
}

/** Its head can be read: it was looked at. */
function seemsModel(place: Place, name: string): boolean {
  const { files, main } = place.at(name);
  return meantFormat(main, files.head(main)) !== undefined;
}

function withoutSidecars(models: readonly Candidate[], place: Place, limits: ModelReadLimits): string[] {
  const names = models.map(({ name }) => name);
  if (models.length < 2) return names;
  const folders = models
    .filter(({ format }) => format?.name === 'saved-model')
    .flatMap(({ name }) => savedModelFolders.map((folder) => posix.join(posix.dirname(name), folder)));
  const sidecars = new Set(models.flatMap((model) => sidecarsOf(model, place, limits)));
  return names.filter((name) => !sidecars.has(name) && !folders.some((folder) => name.startsWith(folder)));
}

const savedModelFolders = ['variables/', 'assets/', 'assets.extra/'];

/** Models that begin with a text file name their other files in it, which is cheap to ask for. */
function sidecarsOf({ name, format }: Candidate, place: Place, limits: ModelReadLimits): string[] {
  try {
    const { files, main } = place.at(name);
    if (!format || files.head(main)[0] !== 0x7b) return [];
    const [, ...others] = format.parts(files, main, limits);
    return others.map((other) => posix.join(posix.dirname(name), other));
  } catch (thrown) {
    if (thrown instanceof ScanError) return [];
    throw thrown;
  }
}
