import type { Node } from '../onnx/graph.js';
import type { StaticGraph } from '../onnx/specialise.js';
import { zeroDerivative } from './backward/zero.js';

/**
 * Values that a change of the input can reach and that have a derivative: floating ones, and integers that stand for
 * quantised numbers.
 */
export function dependentValues({ graph, types }: StaticGraph, input: string): ReadonlySet<string> {
  const dependent = new Set([input]);
  for (const node of graph.nodes) {
    if (hasZeroDerivative(node) || !node.inputs.some((name) => dependent.has(name))) continue;
    const integers = quantises(node) || node.inputs.some((name) => dependent.has(name) && !isFloat(types, name));
    for (const name of differentiated(node)) if (name && (integers || isFloat(types, name))) dependent.add(name);
  }
  return dependent;
}

export function hasZeroDerivative(node: Node): boolean {
  return node.domain === '' && zeroDerivative.has(node.op);
}

/** Scale and zero point of dynamic quantisation count as given, as those of static quantisation are. */
function differentiated({ op, outputs }: Node): readonly string[] {
  return op === 'DynamicQuantizeLinear' ? outputs.slice(0, 1) : outputs;
}

/** QuantizeLinear, DynamicQuantizeLinear and, between them and DequantizeLinear, ops on quantised numbers. */
function quantises(node: Node): boolean {
  return /^(Dynamic)?QuantizeLinear$/.test(node.op);
}

function isFloat(types: StaticGraph['types'], name: string): boolean {
  return types.get(name)?.dtype.startsWith('float') ?? false;
}
