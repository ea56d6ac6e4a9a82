import type { Graph, Tensor, ValueInfo } from '../../../../core/onnx/graph.js';
import { liveNodes } from '../../../../core/onnx/live.js';
import type { ValueType } from '../../../../core/onnx/specialise.js';
import { createOnnxruntimeEngine } from '../../../../adapters/engines/onnxruntime/index.js';

/** Names of all values that nodes of the graph compute on the way to its outputs. */
export function innerValues(graph: Graph): string[] {
  const nodes = liveNodes(
    graph.nodes,
    graph.outputs.map((output) => output.name),
  );
  return nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
}

/** Runs the graph as it is, with every value in `types` that a node computes as an output. */
export async function runExposed(
  graph: Graph,
  types: ReadonlyMap<string, ValueType>,
  feeds: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const computed = new Set(graph.nodes.flatMap((node) => node.outputs));
  const outputs = [...types].filter(([name]) => computed.has(name)).map(([name, { dtype }]) => valueInfo(name, dtype));
  const inputs = graph.inputs.map((input) => ({ ...input, dims: feeds.get(input.name)?.dims ?? input.dims }));
  const engine = createOnnxruntimeEngine({ provider: 'cpu', graphOptimization: 'disabled' });
  const session = await engine.load({ ...graph, inputs, outputs });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

function valueInfo(name: string, dtype: ValueInfo['dtype']): ValueInfo {
  return { name, dtype, dims: undefined };
}
