import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import type { BackwardTable } from '../../core/compile/backward/rule.js';
import { differentiate } from '../../core/compile/differentiate.js';
import { createEmitter } from '../../core/compile/emit.js';
import { withRewrites } from '../../core/compile/rewrite.js';
import type { Graph, Node, Tensor } from '../../core/onnx/graph.js';
import { specialise } from '../../core/onnx/specialise.js';
import { numbersOf } from '../../core/onnx/tensor.js';
import { upgrade } from '../../core/onnx/upgrade.js';

const engine = createOnnxruntimeEngine({ provider: 'cpu' });

/** A model whose image input is `x` and whose output is `y`. */
export interface SmallModel {
  readonly nodes: readonly Node[];
  readonly constants?: Readonly<Record<string, Tensor>>;
  readonly opset?: number;
}

/**
 * The program that computes the gradient of `y` with respect to `x`, or undefined where `y` does not depend on it.
 * @param seedDims shape of the gradient of `y` without the class axis; 1 where it is lazy.
 */
export function gradientGraph(
  model: SmallModel,
  table: BackwardTable,
  xDims: readonly number[],
  seedDims?: readonly number[],
): Graph | undefined {
  const graph: Graph = {
    name: 'gradient',
    irVersion: 10,
    producer: 'test',
    opsets: new Map([
      ['', model.opset ?? 21],
      ['com.microsoft', 1],
      ['test.domain', 1],
    ]),
    inputs: [{ name: 'x', dtype: 'float32', dims: xDims }],
    outputs: [{ name: 'y', dtype: 'float32', dims: undefined }],
    nodes: model.nodes,
    initializers: new Map(Object.entries(model.constants ?? {})),
    metadata: new Map(),
  };
  const known = upgrade(specialise(graph, new Map([['x', xDims]]), ['y']));
  const emit = withRewrites(
    createEmitter(new Set(known.types.keys())),
    new Set(['seed']),
    (name) => known.types.get(name)?.dims,
  );
  const dims = seedDims ?? known.types.get('y')!.dims;
  const gradient = differentiate(known, table, emit, 'x', 'y', { name: 'seed', dims });
  if (!gradient) return undefined;
  const full = emit.op('Expand', [
    gradient.name,
    emit.constant({ dtype: 'int64', dims: [xDims.length + 1], data: BigInt64Array.from([1, ...xDims], BigInt) }),
  ]);
  return {
    ...known.graph,
    opsets: new Map([...known.graph.opsets].filter(([domain]) => domain !== 'test.domain')),
    inputs: [...known.graph.inputs, { name: 'seed', dtype: 'float32', dims: ['K', ...dims] }],
    outputs: [{ name: full, dtype: 'float32', dims: undefined }],
    nodes: [...known.graph.nodes, ...emit.nodes],
    initializers: new Map([...known.graph.initializers, ...emit.initializers]),
  };
}

/** The gradient of `y` with respect to `x` for each class of the seed, [K, ...x]. */
export async function gradientOf(model: SmallModel, table: BackwardTable, x: Tensor, seed: Tensor): Promise<number[]> {
  const graph = gradientGraph(model, table, x.dims, seed.dims.slice(1));
  if (!graph) throw new Error('y does not depend on x');
  const session = await engine.load(graph);
  try {
    const feeds = new Map([
      ['x', x],
      ['seed', seed],
    ] as const);
    return [...(await session.run(feeds)).values()].flatMap(numbersOf);
  } finally {
    await session.dispose();
  }
}
