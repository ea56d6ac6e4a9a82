import { decodeFloat16 } from '../../../core/onnx/tensor.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import type { ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { elementCount, typedView } from '../tensorflow/tensors.js';
import { defaultGraphLimits } from '../tensorflow/schema.js';
import { arrayOf, field, isObject, objectOf, textOf, type Json, type JsonObject } from './json.js';

/** The shards that a manifest names, in their order, as names of the model's files. @throws ScanError `model-external-data`. */
export function shardNames(files: ModelFiles, main: string, json: JsonObject): string[] {
  const folder = main.slice(0, main.lastIndexOf('/') + 1);
  return groupsOf(json).flatMap((group) =>
    arrayOf(field(group, 'paths')).map((path) => shardName(folder, path, files.title(main))),
  );
}

/**
 * The weights by name, each taken from its shards when it is read.
 *
 * A group of the manifest is one run of bytes cut into shards; its weights lie in it one behind the other. Quantised ones are
 * `value * scale + min`, or half floats.
 *
 * @throws ScanError `model-malformed`, `model-external-data`, `model-unsupported-op`, `model-too-large`; the readers as well.
 */
export function readWeights(files: ModelFiles, main: string, json: JsonObject): ReadonlyMap<string, () => Tensor> {
  const file = files.title(main);
  const folder = main.slice(0, main.lastIndexOf('/') + 1);
  const result = new Map<string, () => Tensor>();
  for (const group of groupsOf(json)) {
    const shards = arrayOf(field(group, 'paths')).map((path) => files.read(shardName(folder, path, file)));
    const total = shards.reduce((sum, { length }) => sum + length, 0);
    let offset = 0;
    for (const entry of arrayOf(field(group, 'weights'))) {
      const weight = weightOf(entry, file);
      const start = offset;
      if (weight.dtype === 'string') offset += textBytes(shards, start, weight, file);
      else offset += weight.elements * storedBytes[weight.stored];
      if (offset > total) {
        throw new ScanError(
          'model-malformed',
          `${file}: weight '${weight.name}' ends at byte ${offset} of its group, whose files have ${total}. Copy the model again, whole`,
        );
      }
      if (result.has(weight.name)) throw malformed(file, `the weight '${weight.name}' is listed twice`);
      const end = offset;
      result.set(weight.name, () => decoded(weight, bytesBetween(shards, start, end), file));
    }
    if (offset !== total) {
      throw malformed(file, `a group of weights takes ${offset} bytes, its files have ${total}`);
    }
  }
  return result;
}

interface Weight {
  readonly name: string;
  readonly dims: readonly number[];
  readonly elements: number;
  readonly dtype: 'float32' | 'int32' | 'bool' | 'string';
  readonly stored: keyof typeof storedBytes;
  readonly scale: number;
  readonly min: number;
}

/** What a weight may be stored as; text is of any length. */
const storedBytes = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2, string: 0 } as const;
const kinds: ReadonlySet<string> = new Set(['float32', 'int32', 'bool', 'string']);
const quantised: ReadonlySet<string> = new Set(['uint8', 'uint16', 'float16']);

function weightOf(entry: Json, file: string): Weight {
  const weight = objectOf(entry);
  const name = textOf(field(weight, 'name'));
  const what = `weight '${name}'`;
  if (!name) throw malformed(file, 'a weight has no name');
  const dtype = textOf(field(weight, 'dtype'));
  if (!kinds.has(dtype)) {
    throw new ScanError(
      'model-unsupported-op',
      `${file}: ${what} holds ${dtype || 'untyped'} values. Convert the model with float32 weights`,
    );
  }
  const dims = arrayOf(field(weight, 'shape')).map((dim) => {
    if (typeof dim === 'number' && Number.isSafeInteger(dim) && dim >= 0) return dim;
    throw malformed(file, `${what} has no fixed shape`);
  });
  const quantization = field(weight, 'quantization');
  const stored = isObject(quantization) ? textOf(field(quantization, 'dtype')) : dtype;
  if (isObject(quantization) && (!quantised.has(stored) || dtype === 'bool' || dtype === 'string')) {
    throw new ScanError('model-unsupported-op', `${file}: ${what} is quantised as ${stored || 'nothing known'}`);
  }
  const number = (key: string): number => {
    const value = isObject(quantization) ? field(quantization, key) : undefined;
    if (typeof value === 'number') return value;
    if (stored === 'uint8' || stored === 'uint16')
      throw malformed(file, `the quantisation of ${what} lacks its ${key}`);
    return 0;
  };
  return {
    name,
    dims,
    elements: elementCount(dims, what, file, defaultGraphLimits),
    dtype: dtype as Weight['dtype'],
    stored: stored as Weight['stored'],
    scale: number('scale'),
    min: number('min'),
  };
}

function decoded({ name, dims, elements, dtype, stored, scale, min }: Weight, bytes: Uint8Array, file: string): Tensor {
  // Text is the label of something; no computation reads it.
  if (dtype === 'string') return { dtype, dims, data: Array.from({ length: elements }, () => '') };
  if (stored === dtype) return { dtype, dims, data: typedView(bytes, dtype, elements, name, file) };
  const raw = typedView(bytes, stored as 'uint8' | 'uint16' | 'float16', elements, name, file) as
    Uint8Array | Uint16Array;
  if (stored === 'float16') return { dtype: 'float32', dims, data: Float32Array.from(raw, decodeFloat16) };
  // In double precision, rounded once, as TF.js computes it.
  const value = (level: number): number => level * scale + min;
  return dtype === 'int32'
    ? { dtype, dims, data: Int32Array.from(raw, (level) => Math.round(value(level))) }
    : { dtype: 'float32', dims, data: Float32Array.from(raw, value) };
}

/** A view where one shard holds it all, else a copy. */
function bytesBetween(shards: readonly Uint8Array[], start: number, end: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const shard of shards) {
    const [from, to] = [Math.max(start, at), Math.min(end, at + shard.length)];
    if (from < to) parts.push(shard.subarray(from - at, to - at));
    at += shard.length;
  }
  if (parts.length === 1) return parts[0]!;
  const joined = new Uint8Array(end - start);
  let position = 0;
  for (const part of parts) {
    joined.set(part, position);
    position += part.length;
  }
  return joined;
}

/** Each text is preceded by its length in four bytes. */
function textBytes(shards: readonly Uint8Array[], start: number, { name, elements }: Weight, file: string): number {
  const total = shards.reduce((sum, { length }) => sum + length, 0);
  let at = start;
  for (let i = 0; i < elements; i++) {
    if (at + 4 > total) throw malformed(file, `weight '${name}' is cut off`);
    const length = bytesBetween(shards, at, at + 4);
    at += 4 + new DataView(length.buffer, length.byteOffset, 4).getUint32(0, true);
  }
  return at - start;
}

function groupsOf(json: JsonObject): JsonObject[] {
  return arrayOf(field(json, 'weightsManifest')).map(objectOf);
}

/** Inside the model's folder, whatever the manifest says. */
function shardName(folder: string, path: Json, file: string): string {
  const given = textOf(path);
  const parts = given.split('/');
  const outside = parts.some((part) => part === '' || part === '.' || part === '..');
  if (outside || /[\\:?#\0]/.test(given)) {
    throw new ScanError(
      'model-external-data',
      `${file}: the weights' path '${given.slice(0, 80)}' is no file in the model's folder. Put the weights beside model.json`,
    );
  }
  return folder + parts.join('/');
}

function malformed(file: string, what: string): ScanError {
  return new ScanError('model-malformed', `${file}: ${what}. Convert or copy the model again`);
}
