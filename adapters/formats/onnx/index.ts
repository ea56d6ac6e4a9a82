export { decodeModel, type DecodeOptions } from './decode.js';
export { encodeModel } from './encode.js';
export { defaultOnnxLimits, type OnnxLimits } from './limits.js';
export { fileDigest, locateOnnx, readOnnx } from './read.js';
