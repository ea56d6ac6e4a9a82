import type { ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { looksLikeSafetensors, readSafetensors, type StoredTensor } from './header.js';
import { isObject, ownField, parseObject } from './json.js';

export const configFile = 'config.json';
/** Labels of 21,000 classes take 1 MB. */
export const maxConfigBytes = 2 ** 24;

/** The index of a model in several files: JSON that says which tensor lies in which. */
export function looksLikeIndex(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head);
  return /^\s*\{/.test(text) && text.includes('"weight_map"');
}

/** The safetensors files of a model. @throws ScanError `model-malformed`, `model-unsupported-format`. */
export function weightFiles(files: ModelFiles, main: string): readonly string[] {
  return isIndex(files, main) ? shardsOf(weightMap(files, main), files.title(main)) : [main];
}

/** All tensors of a model, from one file or from its shards. */
export function readTensors(files: ModelFiles, main: string): Map<string, StoredTensor> {
  if (!isIndex(files, main)) return readSafetensors(files.read(main), files.title(main));
  const map = weightMap(files, main);
  const tensors = new Map<string, StoredTensor>();
  for (const shard of shardsOf(map, files.title(main))) {
    for (const [name, tensor] of readSafetensors(files.read(shard), files.title(shard))) {
      if (map.get(name) === shard) tensors.set(name, tensor);
      else throw malformed(files.title(main), `tensor '${name.slice(0, 200)}' lies in ${shard}, which it does not say`);
    }
  }
  for (const [name, shard] of map) {
    if (!tensors.has(name)) throw malformed(files.title(main), `tensor '${name.slice(0, 200)}' is not in ${shard}`);
  }
  return tensors;
}

/** JSON beside the weights, bounded before it is read. */
export function readJson(files: ModelFiles, name: string, maxBytes: number): Record<string, unknown> {
  const size = files.size(name);
  if (size > maxBytes) {
    throw new ScanError('model-malformed', `${files.title(name)}: ${size} bytes of JSON (limit ${maxBytes})`);
  }
  return parseObject(files.read(name), files.title(name));
}

const maxIndexBytes = 2 ** 25;
const maxShards = 1000;

/** What neither looks like is read as a safetensors file, whose reader says best what is wrong. */
function isIndex(files: ModelFiles, main: string): boolean {
  const head = files.head(main);
  return !looksLikeSafetensors(head, files.size(main)) && looksLikeIndex(head);
}

function weightMap(files: ModelFiles, main: string): Map<string, string> {
  const title = files.title(main);
  const map = ownField(readJson(files, main, maxIndexBytes), 'weight_map');
  if (!isObject(map)) throw malformed(title, 'no weight_map');
  return new Map(
    Object.entries(map).map(([name, shard]) => {
      if (typeof shard === 'string' && isPlainName(shard)) return [name, shard];
      throw malformed(title, `the file of tensor '${name.slice(0, 200)}' is no plain file name`);
    }),
  );
}

function shardsOf(map: ReadonlyMap<string, string>, title: string): readonly string[] {
  const shards = [...new Set(map.values())].sort();
  if (shards.length === 0) throw malformed(title, 'it names no files');
  if (shards.length > maxShards) throw malformed(title, `${shards.length} files (limit ${maxShards})`);
  return shards;
}

/** Shards lie beside their index. */
function isPlainName(name: string): boolean {
  return /^[\w][\w.-]{0,200}\.safetensors$/.test(name);
}

function malformed(title: string, what: string): ScanError {
  return new ScanError('model-malformed', `${title}: not a valid index of safetensors files: ${what}`);
}
