import type { Node } from '../../../../core/onnx/graph.js';
import type { KernelEntry, KernelTable } from '../call.js';
import { arithmetic } from './arithmetic.js';
import { attention } from './attention.js';
import { cast } from './cast.js';
import { compare } from './compare.js';
import { convolution } from './conv.js';
import { transposedConvolution } from './conv-transpose.js';
import { cumulative } from './cumulative.js';
import { einsum } from './einsum.js';
import { gathering } from './gather.js';
import { images } from './images.js';
import { layout } from './layout.js';
import { lrn } from './lrn.js';
import { matmul } from './matmul.js';
import { normalization } from './normalization.js';
import { pad } from './pad.js';
import { pooling } from './pool.js';
import { quantize } from './quantize.js';
import { reduction } from './reduce.js';
import { resize } from './resize.js';
import { scattering } from './scatter.js';
import { selection } from './select.js';
import { slicing } from './slice.js';
import { softmax } from './softmax.js';
import { topK } from './top-k.js';
import { unary } from './unary.js';
import { evaluators } from '../../../../core/onnx/evaluate/index.js';

const table: KernelTable = {
  ...arithmetic,
  ...attention,
  ...cast,
  ...compare,
  ...convolution,
  ...transposedConvolution,
  ...cumulative,
  ...einsum,
  ...gathering,
  ...images,
  ...layout,
  ...lrn,
  ...matmul,
  ...normalization,
  ...pad,
  ...pooling,
  ...quantize,
  ...reduction,
  ...resize,
  ...scattering,
  ...selection,
  ...slicing,
  ...softmax,
  ...topK,
  ...unary,
};

export function kernelOf({ domain, op }: Node): KernelEntry | undefined {
  return domain === '' && Object.hasOwn(table, op) ? table[op] : undefined;
}

/** Ops of the default domain that the interpreter computes, on the device or, for other types than float32, on the host. */
export const tfjsOps: ReadonlySet<string> = new Set(
  [...Object.keys(table), ...evaluators.keys(), 'Constant', 'Shape', 'Size'].sort(),
);
