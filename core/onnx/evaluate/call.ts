import type { Tensor } from '../graph.js';
import type { OpCall, ValueType } from '../shapes/call.js';

/**
 * Computes the outputs of a node whose inputs are all constant. `types` are the inferred types of the outputs.
 * Undefined: this case cannot be computed here and stays a node.
 */
export type Evaluator = (call: OpCall, types: readonly ValueType[]) => readonly Tensor[] | undefined;

/** Value of an input that the shape rule has found to be there. */
export function constantAt(call: OpCall, index: number): Tensor {
  const tensor = call.constants[index];
  if (tensor === undefined) throw new RangeError(`input ${index} of ${call.node.op} has no value`);
  return tensor;
}
