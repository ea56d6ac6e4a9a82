import type { Dim, Graph, Node, Tensor, ValueInfo } from '../../../../core/onnx/graph.js';
import { attributesOf } from './calls.js';
import type { AttributeValue } from './calls.js';

export interface GraphParts {
  readonly inputs?: readonly ValueInfo[];
  readonly outputs?: readonly string[];
  readonly nodes?: readonly Node[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly opset?: number;
}

export function graphOf({ inputs = [], outputs = [], nodes = [], initializers = {}, opset = 17 }: GraphParts): Graph {
  return {
    name: 'graph',
    irVersion: 8,
    producer: 'test',
    opsets: new Map([['', opset]]),
    inputs,
    outputs: outputs.map((name) => ({ name, dtype: 'float32', dims: undefined })),
    nodes,
    initializers: new Map(Object.entries(initializers)),
    metadata: new Map(),
  };
}

export function emptyGraph(): Graph {
  return graphOf({});
}

export function image(dims: readonly Dim[], dtype: ValueInfo['dtype'] = 'float32', name = 'x'): ValueInfo {
  return { name, dtype, dims };
}

/** `y = Op(a, b)`; the node is named after its first output. */
export function op(
  name: string,
  inputs: string,
  outputs: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Node {
  const names = (list: string) => (list === '' ? [] : list.split(',').map((part) => part.trim()));
  const produced = names(outputs);
  return {
    name: produced[0]!,
    op: name,
    domain: '',
    inputs: names(inputs),
    outputs: produced,
    attributes: attributesOf(attributes),
  };
}
