import { evaluators } from '../../../../core/onnx/evaluate/index.js';
import type { Node, Tensor } from '../../../../core/onnx/graph.js';
import { sizeOf } from '../../../../core/onnx/tensor.js';
import type { KernelCall } from '../call.js';

/** 0, 1, 2, ... in a shape. */
export function counted(dims: readonly number[], from = 0): Tensor {
  return { dtype: 'int32', dims, data: new Int32Array(sizeOf(dims)).map((_, i) => from + i) };
}

/**
 * Where every element of a result comes from: the op applied to positions instead of values, by the evaluator of the core,
 * which also refuses indices that are out of bounds. tfjs does not look at them.
 */
export function positionsThrough(
  c: KernelCall,
  op: string,
  constants: readonly Tensor[],
  dims: readonly number[],
  node: Node = c.node,
): Int32Array {
  const types = constants.map((tensor) => ({ dtype: tensor.dtype, dims: tensor.dims }));
  const [result] = evaluators.get(op)!({ ...c.op, node, constants, types }, [{ dtype: 'int32', dims }]) ?? c.fail(op);
  return result!.data as Int32Array;
}
