import type { Graph } from '../../../core/onnx/graph.js';
import type { ModelFiles, ModelFormat, ModelReadLimits } from '../../../core/ports/model-format.js';
import { asScanError } from '../../../core/scan/errors.js';
import { protobufKind } from '../protobuf/kind.js';
import { decodeModel } from './decode.js';
import { externalTensors } from './external.js';
import { defaultOnnxLimits, type OnnxLimits } from './limits.js';
import { scanWire } from './scan.js';

/** An ONNX file, with the files beside it that hold its tensors. */
export const onnxFormat: ModelFormat = {
  name: 'onnx',
  detect: (files, main) => protobufKind(files, main) === 'onnx',
  parts: (files, main, limits) => {
    const known = partsOf.get(files);
    if (known?.[0] === main) return known;
    const bytes = files.read(main);
    scanWire(bytes, files.title(main), onnxLimits(limits));
    // Only a tensor with an entry of this name lies in another file.
    if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('location')) return [main];
    decode(files, main, limits);
    return partsOf.get(files)!;
  },
  read: decode,
};

/** Of models that were decoded. */
const partsOf = new WeakMap<ModelFiles, readonly string[]>();

function decode(files: ModelFiles, main: string, limits: ModelReadLimits): Graph {
  const external = externalTensors(files, main);
  try {
    const graph = decodeModel(files.read(main), {
      file: files.title(main),
      limits: onnxLimits(limits),
      external: external.read,
    });
    partsOf.set(files, [main, ...external.names]);
    return graph;
  } catch (thrown) {
    throw asScanError(thrown, 'model-unreadable', files.title(main));
  }
}

function onnxLimits({ maxModelBytes }: ModelReadLimits): OnnxLimits {
  return { ...defaultOnnxLimits, maxBytes: maxModelBytes };
}
