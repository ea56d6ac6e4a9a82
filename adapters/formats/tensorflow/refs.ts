import type { TfFunction, TfNode } from './graph.js';

/** The inputs of a node without its control edges. */
export function dataInputs(node: TfNode): string[] {
  return node.inputs.filter((input) => !input.startsWith('^'));
}

/**
 * Which output the parts of a reference behind the node's name mean: none or `1` in a graph, `output_arg` and a position in
 * it in a function. Undefined for one that cannot be told.
 */
export function outputIndex(
  node: TfNode,
  [first, second]: readonly string[],
  functions: ReadonlyMap<string, TfFunction> | undefined,
): number | undefined {
  if (first === undefined) return 0;
  if (/^\d+$/.test(first) && second === undefined) return Number(first);
  if (second === undefined || !/^\d+$/.test(second)) return undefined;
  // All outputs of a call of a function by its own name are single values.
  const own = functions?.get(node.op)?.outputs.indexOf(first) ?? -1;
  if (own >= 0) return own;
  const args = outputArgs.get(node.op);
  if (!args) return Number(second);
  const position = args.indexOf(first);
  return position < 0 ? undefined : position;
}

const batchNorm = ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2', 'reserve_space_3'];

/** Output arguments of the ops with more than one; all others have one, single or a list. */
const outputArgs: ReadonlyMap<string, readonly string[]> = new Map([
  ['FusedBatchNorm', batchNorm],
  ['FusedBatchNormV2', batchNorm],
  ['FusedBatchNormV3', batchNorm],
  ['_FusedBatchNormEx', batchNorm],
  ['Merge', ['output', 'value_index']],
  ['Switch', ['output_false', 'output_true']],
  ['TopK', ['values', 'indices']],
  ['TopKV2', ['values', 'indices']],
]);
