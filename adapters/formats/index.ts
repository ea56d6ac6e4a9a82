import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ModelFacts, ModelFile, ModelReadLimits } from '../../core/ports/model-format.js';
import { asScanError } from '../../core/scan/errors.js';
import type { StatedPreprocessing } from '../../core/scan/stated-preprocessing.js';
import { digestOfSums } from './digest.js';
import { locateModel, unreadable, type Located } from './locate.js';

export { formats } from './table.js';

export const defaultReadLimits: ModelReadLimits = { maxModelBytes: 2 ** 31 };

/**
 * Reads a model of any format: a file, the folder that holds exactly one, or an archive of one.
 * @throws ScanError `model-*`.
 */
export async function readModel(path: string, limits: ModelReadLimits = defaultReadLimits): Promise<ReadModel> {
  const located = await locateModel(path, limits);
  const { format, files, main } = located;
  try {
    const graph = await format.read(files, main, limits);
    const { digest, bytes, files: names, stated } = await factsOf(located, limits);
    return { format: format.name, graph, digest, bytes, files: names, stated };
  } catch (thrown) {
    throw asScanError(thrown, 'model-unreadable', files.title(main));
  }
}

interface Stating {
  /** What its files say of its preprocessing. @throws ScanError `model-malformed`, `model-unsupported-format`. */
  readonly stated: () => StatedPreprocessing | undefined;
}

export interface ReadModel extends ModelFile, Stating {}

export interface IdentifiedModel extends ModelFacts, Stating {
  /** Where its files lie, one for each of `files`. */
  readonly paths: readonly string[];
}

/**
 * What {@link readModel} says of a model, without its graph.
 * @throws ScanError `model-*`; what is wrong inside of a model may show only when it is read.
 */
export async function identifyModel(
  path: string,
  limits: ModelReadLimits = defaultReadLimits,
): Promise<IdentifiedModel> {
  const located = await locateModel(path, limits);
  try {
    return await factsOf(located, limits);
  } catch (thrown) {
    throw asScanError(thrown, 'model-unreadable', located.files.title(located.main));
  }
}

/**
 * What the files of a model say of its preprocessing.
 * @throws ScanError `model-*`.
 */
export async function statedPreprocessing(
  path: string,
  limits: ModelReadLimits = defaultReadLimits,
): Promise<StatedPreprocessing | undefined> {
  return statedOf(await locateModel(path, limits));
}

/**
 * What names a file in a report when it could not be decoded: the sha256 of its bytes, other files left out.
 * @throws ScanError `model-not-found`, `model-unreadable`.
 */
export async function fileDigest(path: string): Promise<{ digest: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (thrown) {
    unreadable(thrown, path);
  }
  return { digest: `sha256:${hash.digest('hex')}`, bytes };
}

function statedOf({ format, files, main }: Located): StatedPreprocessing | undefined {
  try {
    return format.preprocessing?.(files);
  } catch (thrown) {
    throw asScanError(thrown, 'model-unreadable', files.title(main));
  }
}

async function factsOf(located: Located, limits: ModelReadLimits): Promise<IdentifiedModel> {
  const { format, files, main, disk, archive } = located;
  const names = archive === undefined ? format.parts(files, main, limits) : [archive];
  const sums: { path: string; sum: string }[] = [];
  for (const path of names) sums.push({ path, sum: await disk.sha256(path) });
  return {
    format: format.name,
    digest: digestOfSums(sums),
    bytes: names.reduce((sum, name) => sum + disk.size(name), 0),
    files: names,
    paths: names.map((name) => disk.path(name)),
    stated: () => statedOf(located),
  };
}
