import type { Node } from '../onnx/graph.js';
import type { StaticGraph } from '../onnx/specialise.js';
import { sizeOf } from '../onnx/tensor.js';
import { kinked } from '../saliency/activation.js';
import { isLinear } from './linear.js';

/**
 * Share of the backward pass, in multiplications, that is the same for all images under the rectified rule: that rule ignores
 * where a ReLU was open, so up to the first max-pool (or the like) from the logits nothing depends on the image. Programs
 * compute that part once for all images of a run.
 */
export function imageFreeShare({ graph, types }: StaticGraph, logitsName: string): number {
  const free = new Map([[logitsName, true]]);
  let [all, once] = [0, 0];
  for (const node of [...graph.nodes].reverse()) {
    const outputs = node.outputs.filter((name) => free.has(name));
    if (outputs.length === 0) continue;
    const before = outputs.every((name) => free.get(name));
    const work = multiplications(node, { graph, types });
    all += work;
    if (before) once += work;
    const after = before && (gates.has(node.op) || isLinear(node, graph));
    for (const name of node.inputs) free.set(name, after && (free.get(name) ?? true));
  }
  return all === 0 ? 0 : once / all;
}

/** ReLU and what the rectified rule treats like it; a Clip nearly always is a ReLU6. */
const gates = new Set<string>(['Clip', ...kinked]);

function multiplications(node: Node, { graph, types }: StaticGraph): number {
  const weight = graph.initializers.get(node.inputs[1] ?? '');
  const result = sizeOf(types.get(node.outputs[0]!)?.dims ?? []);
  if (!weight || weight.dims.length < 2) return 0;
  switch (node.op) {
    case 'Conv':
      return result * sizeOf(weight.dims.slice(1));
    case 'Gemm':
    case 'MatMul':
      return sizeOf(types.get(node.inputs[0]!)?.dims ?? []) * weight.dims.at(-1)!;
    default:
      return 0;
  }
}
