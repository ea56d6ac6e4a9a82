import type { Attribute, Graph, Node, Tensor } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import { toInt64 } from './int64.js';

/**
 * Constant nodes as initializers, in subgraphs too.
 * @throws ScanError `model-malformed` for a Constant without a value or without one output.
 */
export function liftConstants(graph: Graph, file: string): Graph {
  const initializers = new Map(graph.initializers);
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    if (node.op === 'Constant' && node.domain === '') {
      const [output] = node.outputs;
      const tensor = constantValue(node);
      if (!output || !tensor || node.outputs.length > 1) {
        throw new ScanError('model-malformed', `${file}: Constant node ${node.name || (output ?? '')} has no value`);
      }
      if (initializers.has(output)) {
        throw new ScanError('model-malformed', `${file}: value '${output}' is defined twice`);
      }
      initializers.set(output, tensor);
    } else {
      nodes.push(liftInside(node, file));
    }
  }
  return { ...graph, nodes, initializers };
}

function liftInside(node: Node, file: string): Node {
  if (![...node.attributes.values()].some(({ type }) => type === 'graph')) return node;
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    attributes.set(
      name,
      attribute.type === 'graph' ? { type: 'graph', value: liftConstants(attribute.value, file) } : attribute,
    );
  }
  return { ...node, attributes };
}

/** The value_* forms of Constant, opset 12 and up; `value` and `sparse_value` arrive as tensors. */
function constantValue({ attributes }: Node): Tensor | undefined {
  const given = [...attributes.values()];
  const [attribute] = given;
  if (!attribute || given.length > 1) return undefined;
  switch (attribute.type) {
    case 'tensor':
      return attribute.value;
    case 'float':
      return { dtype: 'float32', dims: [], data: Float32Array.of(attribute.value) };
    case 'floats':
      return { dtype: 'float32', dims: [attribute.value.length], data: Float32Array.from(attribute.value) };
    case 'int':
      return { dtype: 'int64', dims: [], data: BigInt64Array.of(toInt64(attribute.value)) };
    case 'ints':
      return { dtype: 'int64', dims: [attribute.value.length], data: BigInt64Array.from(attribute.value, toInt64) };
    case 'string':
      return { dtype: 'string', dims: [], data: [attribute.value] };
    case 'strings':
      return { dtype: 'string', dims: [attribute.value.length], data: attribute.value };
    case 'graph':
      return undefined;
  }
}
