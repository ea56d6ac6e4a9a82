import { posix } from 'node:path';
import type { ModelFiles, ModelFormat, ModelReadLimits } from '../../core/ports/model-format.js';
import { ScanError } from '../../core/scan/errors.js';
import type { ForeignFormat } from './foreign.js';
import { recognise } from './recognise.js';
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

/** What lies in a place, by content. */
export function searchPlace(place: Place, limits: ModelReadLimits): Found {
  const models: Candidate[] = [];
  const archives: string[] = [];
  const foreign: { name: string; format: ForeignFormat }[] = [];
  for (const name of place.names) {
    const { files, main } = place.at(name);
    const what = recognise(files, main);
    // A damaged one must not make the others look alone.
    const format = what.kind === 'model' ? what.format : what.kind === 'unknown' ? meantFormat(main) : undefined;
    if (format) models.push({ name, format, files, main });
    else if (what.kind === 'archive') archives.push(name);
    else if (what.kind === 'foreign') foreign.push({ name, format: what.format });
  }
  return { models: withoutSidecars(models, limits), archives, foreign };
}

interface Candidate {
  readonly name: string;
  readonly format: ModelFormat;
  readonly files: ModelFiles;
  readonly main: string;
}

function withoutSidecars(models: readonly Candidate[], limits: ModelReadLimits): string[] {
  if (models.length < 2) return models.map(({ name }) => name);
  const folders = models
    .filter(({ format }) => format.name === 'saved-model')
    .map(({ name }) => posix.join(posix.dirname(name), '/'));
  const sidecars = new Set(models.flatMap((model) => sidecarsOf(model, limits)));
  return models
    .map(({ name }) => name)
    .filter(
      (name) =>
        !sidecars.has(name) &&
        (posix.basename(name) === 'saved_model.pb' ||
          !folders.some((folder) => folder === './' || name.startsWith(folder))),
    );
}

/** Models that begin with a text file name their other files in it, which is cheap to ask for. */
function sidecarsOf({ name, format, files, main }: Candidate, limits: ModelReadLimits): string[] {
  if (files.head(main)[0] !== 0x7b) return [];
  try {
    const [, ...others] = format.parts(files, main, limits);
    return others.map((other) => posix.join(posix.dirname(name), other));
  } catch (thrown) {
    if (thrown instanceof ScanError) return [];
    throw thrown;
  }
}
