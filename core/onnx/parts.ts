import type { Attribute, Graph, Node, Tensor } from './graph.js';
import type { ValueType } from './specialise.js';

/** What a rule may ask for; undefined from a rule leaves the node as it is. */
export interface Parts {
  readonly types: Map<string, ValueType>;
  readonly constants: Map<string, Tensor>;
  readonly producers: ReadonlyMap<string, Node>;
  known(name: string): Tensor | undefined;
  /** A value of that type, named after the node. */
  value(near: Node, hint: string, type: ValueType): string;
  constant(near: Node, hint: string, tensor: Tensor): string;
}

export type Rule = (node: Node, parts: Parts) => Node[] | undefined;

export type Attributes = Readonly<Record<string, Attribute>>;

export function newParts(graph: Graph, original: ReadonlyMap<string, ValueType>): Parts {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const types = new Map(original);
  const constants = new Map<string, Tensor>();
  const value = (near: Node, hint: string, type: ValueType): string => {
    const name = freshName(types, `${near.outputs[0]}/${hint}`);
    types.set(name, type);
    return name;
  };
  return {
    types,
    constants,
    producers,
    value,
    known: (name) => graph.initializers.get(name),
    constant: (near, hint, tensor) => {
      const name = value(near, hint, { dtype: tensor.dtype, dims: tensor.dims });
      constants.set(name, tensor);
      return name;
    },
  };
}

/** The wanted name, with a number behind it where it is taken. */
export function freshName(taken: { has(name: string): boolean }, wanted: string): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  return name;
}

export function newNode(
  near: Node,
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
): Node {
  return {
    name: `${near.name || near.op}/${outputs[0]}`,
    op,
    domain: '',
    inputs: withoutTrailing(inputs),
    outputs,
    attributes: new Map(Object.entries(attributes)),
  };
}

/** Without the omitted inputs at the end. */
export function withoutTrailing(inputs: readonly string[]): readonly string[] {
  return inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1);
}
