import type { Graph, Node } from '../onnx/graph.js';

/** Whether a node's backward needs neither its inputs nor its outputs. */
export function isLinear(node: Node, graph: Graph): boolean {
  return additive.has(node.op) || (linearInOne.has(node.op) && variableInputs(node, graph).length <= 1);
}

export function variableInputs(node: Node, graph: Graph): string[] {
  return node.inputs.filter((name) => name && !graph.initializers.has(name));
}

/** Linear as long as all inputs but one are constant. */
const linearInOne = new Set([
  'AveragePool',
  'BatchNormalization',
  'Cast',
  'Conv',
  'ConvTranspose',
  'DepthToSpace',
  'Div',
  'Dropout',
  'Expand',
  'Flatten',
  'Gather',
  'Gemm',
  'GlobalAveragePool',
  'Identity',
  'MatMul',
  'Mul',
  'Pad',
  'ReduceMean',
  'ReduceSum',
  'Reshape',
  'Resize',
  'Slice',
  'SpaceToDepth',
  'Split',
  'Squeeze',
  'Transpose',
  'Unsqueeze',
]);
/** Linear in all of their inputs. */
const additive = new Set(['Add', 'Concat', 'Mean', 'Sub', 'Sum']);
