import type { Attribute, DType, Graph, Node, Tensor } from '../../../core/onnx/graph.js';
import { tensor, type NdArray } from './array.js';

/** One program with its feeds and what must come out. */
export interface EngineCase {
  readonly title: string;
  readonly program: Graph;
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly expected: ReadonlyMap<string, Tensor>;
}

type AttributeValue = number | string | readonly number[] | { readonly float: number };

interface OneNode {
  readonly inputs: readonly (Tensor | NdArray | undefined)[];
  /** The inputs that are initializers, not feeds; by default all but the first. */
  readonly constants?: readonly number[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly expected: Tensor | NdArray | readonly (Tensor | NdArray)[];
  readonly opset?: number;
}

/** A program of one node. Feeds have a symbolic first axis, as saliency programs do. */
export function oneNode(op: string, detail: string, spec: OneNode): EngineCase {
  const inputs = spec.inputs.map((input) => (input && 'at' in input ? tensor(input) : input));
  const outputs = [spec.expected].flat().map((output) => ('at' in output ? tensor(output) : output));
  const constants = new Set(spec.constants ?? inputs.map((_, i) => i).slice(1));
  const names = inputs.map((input, i) => (input ? `in${i}` : ''));
  const feeds = new Map(names.flatMap((name, i) => (name && !constants.has(i) ? [[name, inputs[i]!] as const] : [])));
  return {
    title: `${op}: ${detail}`,
    program: graph({
      opset: spec.opset ?? 17,
      inputs: Array.from(feeds, ([name, { dtype, dims }]) => [
        name,
        dtype,
        dims.map((dim, i) => (i ? dim : `${name}_n`)),
      ]),
      outputs: outputs.map((output, i) => [`out${i}`, output.dtype]),
      nodes: [
        node(
          op,
          names,
          outputs.map((_, i) => `out${i}`),
          spec.attributes,
        ),
      ],
      initializers: Object.fromEntries(
        names.flatMap((name, i) => (constants.has(i) && name ? [[name, inputs[i]!]] : [])),
      ),
    }),
    feeds,
    expected: new Map(outputs.map((output, i) => [`out${i}`, output])),
  };
}

interface GraphSpec {
  readonly opset?: number;
  readonly inputs: readonly (readonly [name: string, dtype: DType, dims: readonly (number | string)[]])[];
  readonly outputs: readonly (readonly [name: string, dtype: DType])[];
  readonly nodes: readonly Node[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
}

export function graph(spec: GraphSpec): Graph {
  return {
    name: 'contract',
    irVersion: 8,
    producer: 'engine contract',
    opsets: new Map([['', spec.opset ?? 17]]),
    inputs: spec.inputs.map(([name, dtype, dims]) => ({ name, dtype, dims })),
    outputs: spec.outputs.map(([name, dtype]) => ({ name, dtype, dims: undefined })),
    nodes: spec.nodes,
    initializers: new Map(Object.entries(spec.initializers ?? {})),
    metadata: new Map(),
  };
}

export function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Node {
  const entries = Object.entries(attributes).map(([name, value]) => [name, attribute(value)] as const);
  return { name: `node_${outputs[0]}`, op, domain: '', inputs, outputs, attributes: new Map(entries) };
}

function attribute(value: AttributeValue): Attribute {
  if (typeof value === 'number') return { type: 'int', value };
  if (typeof value === 'string') return { type: 'string', value };
  if ('float' in value) return { type: 'float', value: value.float };
  return { type: 'ints', value };
}
