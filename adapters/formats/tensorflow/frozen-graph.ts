import type { Graph, ValueInfo } from '../../../core/onnx/graph.js';
import type { ModelFiles, ModelFormat, ModelReadLimits } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import { protobufKind } from '../protobuf/kind.js';
import { decodeGraphDef, readMessage } from './decode.js';
import type { TfGraph } from './graph.js';
import { importGraph } from './import.js';
import { dataInputs } from './refs.js';
import { defaultGraphLimits } from './schema.js';
import { inputInfo, mayBeImage } from './signature.js';

/** A frozen graph: one GraphDef whose variables have become constants. */
export const frozenGraph: ModelFormat = {
  name: 'frozen-graph',
  detect: (files, main) => protobufKind(files, main) === 'graph-def',
  parts: (_files, main) => [main],
  read,
};

function read(files: ModelFiles, main: string, limits: ModelReadLimits): Graph {
  const file = files.title(main);
  const graph = decodeGraphDef(readMessage('GraphDef', files, main, limits), file, defaultGraphLimits);
  return importGraph({
    graph,
    file,
    limits: defaultGraphLimits,
    producer: 'TensorFlow',
    advice:
      'Export the model to ONNX and scan that: python -m tf2onnx.convert --graphdef FILE --inputs NAME:0 --outputs NAME:0 --output model.onnx',
    inputs: placeholders(graph, file),
    outputs: sinks(graph, file).map((name) => ({ ref: name, name })),
  });
}

/** Every Placeholder is an input; which one is the image is told from what the scores depend on. */
export function placeholders(graph: TfGraph, file: string): Map<string, ValueInfo> {
  const inputs = new Map<string, ValueInfo>();
  for (const { name, op, attrs } of graph.nodes) {
    if (op !== 'Placeholder' && op !== 'PlaceholderV2') continue;
    const dtype = attrs.get('dtype');
    const shape = attrs.get('shape');
    const endpoint = {
      name,
      ref: name,
      dtype: dtype?.kind === 'type' ? dtype.value : 0,
      shape: shape?.kind === 'shape' ? shape.value : undefined,
    };
    if (mayBeImage(endpoint)) inputs.set(name, inputInfo(endpoint, file));
  }
  if (inputs.size > 0) return inputs;
  throw new ScanError('model-not-a-classifier', `${file}: the graph has no Placeholder that could take an image`);
}

/**
 * The nodes that nothing reads, of those that depend on an input. Where the graph ends in several, all are outputs and
 * `--logits-name` chooses.
 */
export function sinks(graph: TfGraph, file: string): string[] {
  const read = new Set<string>();
  const dependent = new Set<string>();
  const readers = new Map<string, string[]>();
  const pending: string[] = [];
  for (const node of graph.nodes) {
    if (node.op === 'Placeholder' || node.op === 'PlaceholderV2') pending.push(node.name);
    for (const ref of dataInputs(node)) {
      const source = ref.split(':')[0]!;
      read.add(source);
      readers.set(source, [...(readers.get(source) ?? []), node.name]);
    }
  }
  while (pending.length > 0) {
    const name = pending.pop()!;
    if (dependent.has(name)) continue;
    dependent.add(name);
    pending.push(...(readers.get(name) ?? []));
  }
  const ends = graph.nodes.filter(({ name, op }) => dependent.has(name) && !read.has(name) && !withoutResult.has(op));
  if (ends.length === 0) throw new ScanError('model-not-a-classifier', `${file}: no result depends on an input`);
  if (ends.length > maxOutputs) {
    throw new ScanError(
      'model-not-a-classifier',
      `${file}: the graph ends in ${ends.length} nodes, a classifier in one`,
    );
  }
  return ends.map(({ name }) => name);
}

const maxOutputs = 64;
const withoutResult: ReadonlySet<string> = new Set([
  'Assert',
  'NoOp',
  'Print',
  'PrintV2',
  'Placeholder',
  'PlaceholderV2',
]);
