import { ScanError } from '../../scan/errors.js';
import { bytesOf } from '../dtypes.js';
import type { Graph, Tensor } from '../graph.js';
import { describeNode } from '../shapes/call.js';
import type { OpCall } from '../shapes/call.js';
import { sizeOf } from '../tensor.js';

/** What folding may cost in all: a hostile model can ask for terabytes in a few bytes. */
export interface FoldBudget {
  /**
   * @param bytes newly allocated
   * @param work elements read and written
   * @throws ScanError `model-too-large`
   */
  spend(call: OpCall, bytes: number, work: number): void;
}

/** Eight times what the model's own tensors take (int8 weights become float32, and are then transposed), plus a fixed sum. */
export function newBudget(graph: Graph, limits = { bytes: 256 * 2 ** 20, work: 2 ** 30 }): FoldBudget {
  let own = 0;
  const count = (tensor: Tensor) => (own += sizeOf(tensor.dims) * bytesOf(tensor.dtype));
  for (const tensor of graph.initializers.values()) count(tensor);
  for (const node of graph.nodes) {
    for (const attribute of node.attributes.values()) if (attribute.type === 'tensor') count(attribute.value);
  }
  let bytesLeft = limits.bytes + 8 * own;
  let workLeft = limits.work + 8 * own;
  return {
    spend({ node, opset }, bytes, work) {
      bytesLeft -= bytes;
      workLeft -= work;
      if (bytesLeft >= 0 && workLeft >= 0) return;
      throw new ScanError(
        'model-too-large',
        `${describeNode(node, opset)} expands constants beyond what a model of this size needs; simplify the model (e.g. with onnxsim) and scan that`,
      );
    },
  };
}
