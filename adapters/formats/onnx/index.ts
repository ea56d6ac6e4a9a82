export { decodeModel, type DecodeOptions } from './decode.js';
export { encodeModel } from './encode.js';
export { onnxFormat } from './format.js';
export { defaultOnnxLimits, type OnnxLimits } from './limits.js';
