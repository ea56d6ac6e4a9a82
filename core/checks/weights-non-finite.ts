import { namesRead } from '../onnx/live.js';
import type { Graph, Tensor } from '../onnx/graph.js';
import { decodeBfloat16, decodeFloat16 } from '../onnx/tensor.js';
import type { Check, CheckFinding } from './check.js';

/**
 * NaN in any tensor that is read; infinity only in what is multiplied with: as a bound of a Clip, as padding and in the mask
 * of an attention it is at home.
 */
export const weightsNonFinite: Check = {
  id: 'weights-non-finite',
  title: 'Weights that are no numbers',
  help: 'The model answers NaN to every image or ignores parts of it: the training diverged or the file is damaged. Train or export it again.',
  run: ({ graph }) => {
    const { read, multiplied } = uses(graph);
    return [...graph.initializers].flatMap(([name, tensor]): CheckFinding[] => {
      if (!read.has(name)) return [];
      const { nans, infinities } = count(tensor);
      const infinite = multiplied.has(name) ? infinities : 0;
      if (nans + infinite === 0) return [];
      const what = [nans && `${nans} NaN`, infinite && `${infinite} infinite`].filter(Boolean).join(' and ');
      const message = `tensor '${name}' holds ${what} among ${tensor.data.length} values`;
      return [{ severity: 'error', place: name, message }];
    });
  },
};

function uses(graph: Graph): { read: Set<string>; multiplied: Set<string> } {
  const read = new Set<string>();
  const multiplied = new Set<string>();
  for (const node of graph.nodes) {
    for (const name of namesRead(node)) read.add(name);
    if (multiplying.test(node.op)) for (const name of node.inputs) multiplied.add(name);
  }
  return { read, multiplied };
}

const multiplying = /Conv|Gemm|MatMul|Normalization$|^(Attention|GRU|LSTM|Mul|PRelu|RNN)$/;

function count({ dtype, data }: Tensor): { nans: number; infinities: number } {
  const found = { nans: 0, infinities: 0 };
  const look = (value: number): void => {
    if (Number.isNaN(value)) found.nans++;
    else if (!Number.isFinite(value)) found.infinities++;
  };
  if (dtype === 'float16') for (const bits of data as Uint16Array) look(decodeFloat16(bits));
  if (dtype === 'bfloat16') for (const bits of data as Uint16Array) look(decodeBfloat16(bits));
  if (dtype === 'float32') for (const value of data as Float32Array) look(value);
  if (dtype === 'float64') for (const value of data as Float64Array) look(value);
  return found;
}
