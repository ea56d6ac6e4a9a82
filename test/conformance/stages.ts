import ort from 'onnxruntime-node';
import { createOnnxruntimeEngine } from '../../adapters/engines/onnxruntime/index.js';
import { createTfjsEngine } from '../../adapters/engines/tfjs/index.js';
import { tfjsOps } from '../../adapters/engines/tfjs/ops/index.js';
import { opSupport } from '../../core/compile/op-support.js';
import { evaluators } from '../../core/onnx/evaluate/index.js';
import { dequantise } from '../../core/onnx/dequantise.js';
import type { Graph, Tensor } from '../../core/onnx/graph.js';
import { inferTypes, shapeRules } from '../../core/onnx/shapes/index.js';
import { specialise, type StaticGraph } from '../../core/onnx/specialise.js';
import { float32, numbersOf } from '../../core/onnx/tensor.js';
import { upgrade } from '../../core/onnx/upgrade.js';
import type { Engine } from '../../core/ports/engine.js';
import { differences, typeDifference } from './compare.js';
import type { NodeTest } from './node-tests.js';
import { absent, NotClaimed, outcomeOf, type Outcome } from './outcome.js';

/** What is tried with every case; the titles are the columns of the page. */
export const stages = {
  engine: 'onnxruntime',
  shapes: 'shapes',
  folded: 'folded',
  upgraded: 'upgraded',
  tfjsCpu: 'tfjs cpu',
  tfjsWasm: 'tfjs wasm',
} as const;
export type Stage = keyof typeof stages;

const engines = {
  engine: createOnnxruntimeEngine({ provider: 'cpu', graphOptimization: 'disabled' }),
  tfjsCpu: createTfjsEngine({ provider: 'cpu' }),
  tfjsWasm: createTfjsEngine({ provider: 'wasm' }),
};

export async function runStages(test: NodeTest): Promise<Record<Stage, Outcome>> {
  return {
    engine: await encoded(test),
    shapes: await shapes(test),
    folded: await folded(test),
    upgraded: await upgraded(test),
    tfjsCpu: await onTfjs(test, 'tfjsCpu'),
    tfjsWasm: await onTfjs(test, 'tfjsWasm'),
  };
}

/** Decoder and encoder: the model runs as before. What the library cannot do with the file itself is not claimed. */
async function encoded(test: NodeTest): Promise<Outcome> {
  const outcome = await outcomeOf(() => run(engines.engine, test.graph, test));
  return outcome.kind === 'passed' || (await loadsAsItIs(test)) ? outcome : absent;
}

async function loadsAsItIs({ bytes }: NodeTest): Promise<boolean> {
  try {
    const session = await ort.InferenceSession.create(bytes, {
      logSeverityLevel: 4,
      graphOptimizationLevel: 'disabled',
    });
    await session.release();
    return true;
  } catch {
    return false;
  }
}

/** Types and dims of the outputs, without computing them. */
async function shapes(test: NodeTest): Promise<Outcome> {
  const { graph, feeds, expected } = test;
  if (graph.nodes.some(({ domain }) => domain.startsWith('ai.onnx.preview'))) return absent;
  const only = graph.nodes.length === 1 ? graph.nodes[0]! : undefined;
  if (!graph.nodes.every(({ op, domain }) => domain !== '' || shapeRules.has(op))) return absent;
  return outcomeOf(() => {
    if (!only) return types(staticOf(test), test);
    const values = only.inputs.map((name) => feeds.get(name) ?? graph.initializers.get(name));
    const found = inferTypes({
      node: only,
      opset: graph.opsets.get(only.domain)!,
      types: values.map((value) => value && { dtype: value.dtype, dims: value.dims }),
      constants: values,
    });
    const problems = only.outputs.map((name, i) => {
      const tensor = expected.get(name);
      return tensor && typeDifference(found[i], tensor);
    });
    return problems.find((problem) => problem !== undefined);
  });
}

function types({ types: known }: StaticGraph, { expected }: NodeTest): string | undefined {
  for (const [name, tensor] of expected) {
    const problem = typeDifference(known.get(name), tensor);
    if (problem !== undefined) return `output '${name}' ${problem}`;
  }
  return undefined;
}

/** With all inputs constant, the whole case is computed by the compiler. */
async function folded({ graph, feeds, expected }: NodeTest): Promise<Outcome> {
  if (!graph.nodes.every(({ op, domain }) => domain === '' && (evaluators.has(op) || otherwiseFolded.has(op))))
    return absent;
  return outcomeOf(() => {
    const constant: Graph = { ...graph, inputs: [], initializers: new Map([...graph.initializers, ...feeds]) };
    const result = specialise(constant, new Map(), [...expected.keys()]).graph;
    if (result.nodes.length > 0)
      throw new NotClaimed(`${result.nodes[0]!.op} of these element types or in this mode stays a node`);
    return differences(result.initializers, expected);
  });
}

const otherwiseFolded = new Set(['Constant', 'Shape', 'Size', 'Identity', 'Dropout']);

/** As a scan takes it: with floats for the 32-bit integers of MatMulInteger and ConvInteger. */
function floating(test: NodeTest): NodeTest {
  const graph = dequantise(test.graph);
  if (!test.graph.nodes.some(({ op }) => /^(MatMul|Conv)Integer$/.test(op))) return { ...test, graph };
  const expected = [...test.expected].map(([name, tensor]) => [name, float32(tensor.dims, numbersOf(tensor))] as const);
  const outputs = graph.outputs.map((output) => ({ ...output, dtype: 'float32' as const }));
  return { ...test, graph: { ...graph, outputs }, expected: new Map(expected) };
}

/** Fixed shapes, constants folded, nodes in the forms that backward rules and emitted nodes are written in. */
async function upgraded(test: NodeTest): Promise<Outcome> {
  if (!supported(test.graph) || !(await loadsAsItIs(test))) return absent;
  const floats = floating(test);
  return outcomeOf(() => run(engines.engine, upgrade(staticOf(floats)).graph, floats));
}

async function onTfjs(test: NodeTest, engine: 'tfjsCpu' | 'tfjsWasm'): Promise<Outcome> {
  if (!supported(test.graph)) return absent;
  return outcomeOf(() => {
    const floats = floating(test);
    const { graph } = upgrade(staticOf(floats));
    const unknown = graph.nodes.find(({ op, domain }) => domain !== '' || !tfjsOps.has(op));
    if (unknown) throw new NotClaimed(`${unknown.op} has no kernel`);
    return run(engines[engine], graph, floats);
  });
}

export function supported({ nodes }: Graph): boolean {
  return nodes.every((node) => opSupport(node) !== 'none');
}

/** The first float input stands for the image, all others are constants, as in a classifier. */
export function staticOf({ graph, feeds, expected }: NodeTest): StaticGraph {
  const image = graph.inputs.find(({ dtype }) => dtype === 'float32') ?? graph.inputs[0];
  const constants = [...feeds].filter(([name]) => name !== image?.name);
  const bound: Graph = {
    ...graph,
    inputs: image ? [image] : [],
    initializers: new Map([...graph.initializers, ...constants]),
  };
  const dims = new Map(image ? [[image.name, feeds.get(image.name)!.dims]] : []);
  return specialise(bound, dims, [...expected.keys()]);
}

async function run(engine: Engine, graph: Graph, { feeds, expected }: NodeTest): Promise<string | undefined> {
  const session = await engine.load(graph);
  try {
    const wanted = new Map<string, Tensor>();
    for (const { name } of graph.inputs) wanted.set(name, feeds.get(name)!);
    return differences(await session.run(wanted, [...expected.keys()]), expected);
  } finally {
    await session.dispose();
  }
}
