import type { ModelFormat } from '../../../core/ports/model-format.js';
import { defaultOnnxLimits } from './limits.js';
import { readOnnx } from './read.js';

export { decodeModel, type DecodeOptions } from './decode.js';
export { encodeModel } from './encode.js';
export { defaultOnnxLimits, type OnnxLimits } from './limits.js';
export { fileDigest, locateOnnx, readOnnx } from './read.js';

/** ONNX, the format every other one is exported to. */
export const onnxFormat: ModelFormat = {
  name: 'onnx',
  detect: (head, path) => path.toLowerCase().endsWith('.onnx') || startsLikeModelProto(head),
  read: (path, limits) => readOnnx(path, { ...defaultOnnxLimits, maxBytes: limits.maxModelBytes }),
};

/** Every known writer starts with field 1, ir_version, a small number, and goes on with a field of ModelProto. */
function startsLikeModelProto(head: Uint8Array): boolean {
  const [tag, irVersion, next] = head;
  if (tag !== 0x08 || irVersion === undefined || irVersion > 0x7f) return false;
  return next === undefined || secondFields.has(next);
}

/** Tags of producer_name, producer_version, domain, model_version, doc_string, graph and opset_import. */
const secondFields: ReadonlySet<number> = new Set([0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42]);
