import type { ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { openZip, type ZipEntry } from '../../images/zip.js';
import type { KerasArchive } from './keras-file.js';
import { isObject } from './settings.js';

/** A zip archive that begins with one of Keras' three files and holds a model of Keras, complete or not. */
export function isKerasArchive(head: Uint8Array, files: ModelFiles, main: string): boolean {
  const nameAt = 30;
  if (![0x50, 0x4b, 0x03, 0x04].every((byte, i) => head[i] === byte) || head.length < nameAt) return false;
  const length = head[26]! + 256 * head[27]!;
  const name = String.fromCharCode(...head.subarray(nameAt, nameAt + Math.min(length, 64)));
  if (!['metadata.json', 'config.json', 'model.weights.h5'].includes(name)) return false;
  try {
    return holdsModel(openZip(files.read(main)));
  } catch {
    // A damaged one counts as what it seems to be.
    return true;
  }
}

/** Other archives begin with a config.json, too: what has no weights of Keras must at least say that it is of Keras. */
function holdsModel(entries: readonly ZipEntry[]): boolean {
  if (entries.some(({ name }) => name.startsWith('model.weights.'))) return true;
  const says = (name: string, ...keys: readonly string[]): boolean => {
    const entry = entries.find((each) => each.name === name);
    if (!entry || entry.size > largestConfig) return false;
    const value: unknown = JSON.parse(new TextDecoder().decode(entry.read()));
    return isObject(value) && keys.every((key) => Object.hasOwn(value, key));
  };
  return says('metadata.json', 'keras_version') || says('config.json', 'class_name', 'config');
}

const largestConfig = 2 ** 24;

/** @throws ScanError `model-malformed`, `model-too-large`; also from `read`. */
export function openArchive(bytes: Uint8Array, title: string, maxBytes: number): KerasArchive {
  try {
    const entries = new Map(openZip(bytes).map((entry) => [entry.name, entry]));
    const read = (name: string): Uint8Array => {
      const entry = entries.get(name)!;
      if (entry.size > maxBytes)
        throw new ScanError('model-too-large', `${title}: ${name} unpacks to ${entry.size} bytes, more than allowed`);
      try {
        return entry.read();
      } catch (thrown) {
        throw damaged(title, thrown);
      }
    };
    return { has: (name) => entries.has(name), read };
  } catch (thrown) {
    throw damaged(title, thrown);
  }
}

function damaged(title: string, thrown: unknown): ScanError {
  return thrown instanceof ScanError
    ? thrown
    : new ScanError('model-malformed', `${title}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
        cause: thrown,
      });
}
