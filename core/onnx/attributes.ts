import type { Attribute, Graph, Node, Tensor } from './graph.js';
import { ScanError } from '../scan/errors.js';

/**
 * Typed readers of node attributes. Each returns the fallback when the attribute is absent.
 * @throws ScanError `model-malformed` when the attribute is there with another type.
 */
export function intOf<F>(node: Node, name: string, fallback: F): number | F {
  return read(node, name, 'int') ?? fallback;
}

export function floatOf<F>(node: Node, name: string, fallback: F): number | F {
  return read(node, name, 'float') ?? fallback;
}

export function stringOf<F>(node: Node, name: string, fallback: F): string | F {
  return read(node, name, 'string') ?? fallback;
}

export function intsOf<F>(node: Node, name: string, fallback: F): readonly number[] | F {
  return read(node, name, 'ints') ?? fallback;
}

export function floatsOf<F>(node: Node, name: string, fallback: F): readonly number[] | F {
  return read(node, name, 'floats') ?? fallback;
}

export function stringsOf<F>(node: Node, name: string, fallback: F): readonly string[] | F {
  return read(node, name, 'strings') ?? fallback;
}

export function tensorOf<F>(node: Node, name: string, fallback: F): Tensor | F {
  return read(node, name, 'tensor') ?? fallback;
}

export function graphOf<F>(node: Node, name: string, fallback: F): Graph | F {
  return read(node, name, 'graph') ?? fallback;
}

type Kind = Attribute['type'];
type ValueOf<K extends Kind> = Extract<Attribute, { type: K }>['value'];

function read<K extends Kind>(node: Node, name: string, kind: K): ValueOf<K> | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  // An empty list carries no element type in some encoders.
  const empty = Array.isArray(attribute.value) && attribute.value.length === 0 && kind.endsWith('s');
  if (attribute.type === kind || empty) return attribute.value as unknown as ValueOf<K> | undefined;
  throw new ScanError(
    'model-malformed',
    `attribute "${name}" of node "${node.name}" (${node.op}) is ${attribute.type}, expected ${kind}; export the model again`,
  );
}
