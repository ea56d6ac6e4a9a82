import { intOf } from './attributes.js';
import type { Node } from './graph.js';
import { newNode, type Parts, type Rule } from './parts.js';

/** What a reduction makes of every element when it reduces no axes; `Mul` with itself. */
const elementwise = {
  ReduceL1: 'Abs',
  ReduceL2: 'Abs',
  ReduceLogSum: 'Log',
  ReduceLogSumExp: 'Identity',
  ReduceMax: 'Identity',
  ReduceMean: 'Identity',
  ReduceMin: 'Identity',
  ReduceProd: 'Identity',
  ReduceSum: 'Identity',
  ReduceSumSquare: 'Mul',
} as const;

/**
 * Reductions without axes and with `noop_with_empty_axes`, written as the functions that they are. ONNX Runtime computes these
 * on the CPU; for WebGPU it copies the input, as the specification once said (onnx issue 6103; onnxruntime issue 26541, where
 * CUDA is named, too).
 */
export const emptyReductions: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(elementwise).map(([op, by]): [string, Rule] => [
    op,
    (node, parts) => {
      if (!reducesNothing(node, parts)) return undefined;
      const x = node.inputs[0]!;
      return [newNode(node, by, by === 'Mul' ? [x, x] : [x], node.outputs)];
    },
  ]),
);

function reducesNothing(node: Node, parts: Parts): boolean {
  const axes = node.inputs[1];
  return intOf(node, 'noop_with_empty_axes', 0) !== 0 && (!axes || parts.types.get(axes)?.dims[0] === 0);
}
