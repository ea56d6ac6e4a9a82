import type { ModelFormat } from '../../core/ports/model-format.js';
import { onnxFormat } from './onnx/index.js';

/** All formats that are read. Importing this loads no heavy library: formats load theirs where they read. */
export const formats: readonly ModelFormat[] = [onnxFormat];
