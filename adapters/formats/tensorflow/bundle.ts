import type { Tensor } from '../../../core/onnx/graph.js';
import type { ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { toNumber } from '../onnx/int64.js';
import { decodeMessage } from './decode.js';
import type { GraphLimits } from './schema.js';
import { readTable } from './table.js';
import { elementCount, fixedDims, knownDType, typedView } from './tensors.js';

/** The variables of a checkpoint, by key; each is read when it is asked for. */
export interface Bundle {
  /** @throws ScanError `model-malformed`, `model-external-data`, `model-unsupported-op`, `model-too-large`. */
  tensor(key: string): Tensor | undefined;
}

/**
 * A checkpoint as TensorFlow writes it: an index from keys to places (tensorflow/core/protobuf/tensor_bundle.proto), and the
 * bytes of all tensors one behind the other in one or several data files.
 *
 * @param prefix the index is `<prefix>.index`.
 */
export function openBundle(files: ModelFiles, prefix: string, limits: GraphLimits): Bundle {
  const index = `${prefix}.index`;
  const title = files.title(index);
  const entries = readTable(files.read(index), title, limits.maxNodes);
  const header = entries.get('');
  if (!header)
    throw new ScanError('model-malformed', `${title}: the checkpoint index has no header. Save the model again`);
  const { numShards, endianness } = decodeMessage('BundleHeaderProto', header, title, limits);
  const shards = numShards ?? 0;
  if (endianness) {
    throw new ScanError('model-unsupported-format', `${title}: big-endian values. Save the model on another machine`);
  }
  return {
    tensor: (key) => {
      const bytes = entries.get(key);
      if (!bytes || key === '') return undefined;
      const what = `variable '${key}'`;
      const entry = decodeMessage('BundleEntryProto', bytes, title, limits);
      if (entry.slices?.length) {
        throw new ScanError(
          'model-unsupported-format',
          `${title}: ${what} is stored in slices. Save the model unpartitioned`,
        );
      }
      const dtype = knownDType(entry.dtype ?? 0, what, title);
      const dims = fixedDims(entry.shape ?? {}, what, title);
      const elements = elementCount(dims, what, title, limits);
      const shard = entry.shardId ?? 0;
      const data = files.read(shardName(prefix, shard, shards));
      const [offset, size] = [toNumber(entry.offset), toNumber(entry.size)];
      if (!(shard >= 0 && shard < shards && offset >= 0 && size >= 0 && offset + size <= data.length)) {
        throw new ScanError(
          'model-malformed',
          `${title}: ${what} lies at ${offset} to ${offset + size} of a data file of ${data.length} bytes. Copy the model again, whole`,
        );
      }
      if (dtype === 'string') return { dtype, dims, data: Array.from({ length: elements }, () => '') };
      return { dtype, dims, data: typedView(data.subarray(offset, offset + size), dtype, elements, what, title) };
    },
  };
}

/** The files of a checkpoint, as its index tells: the folder may hold others, or may not be listed. */
export function bundleFiles(files: ModelFiles, prefix: string, limits: GraphLimits): string[] {
  const index = `${prefix}.index`;
  if (!files.has(index)) return [];
  const title = files.title(index);
  const header = readTable(files.read(index), title, limits.maxNodes).get('');
  const { numShards } = header ? decodeMessage('BundleHeaderProto', header, title, limits) : {};
  const shards = Math.min(numShards ?? 0, maxShards);
  const names = Array.from({ length: shards }, (_, shard) => shardName(prefix, shard, shards));
  return [index, ...names.filter((name) => files.has(name))];
}

const maxShards = 10_000;

function shardName(prefix: string, shard: number, shards: number): string {
  const five = (value: number): string => String(value).padStart(5, '0');
  return `${prefix}.data-${five(shard)}-of-${five(shards)}`;
}
