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

type ValueOf<T extends Attribute['type']> = Extract<Attribute, { type: T }>['value'];

function read<T extends Attribute['type']>(node: Node, name: string, type: T): ValueOf<T> | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return undefined;
  if (attribute.type === type) return attribute.value as ValueOf<T>;
  // An empty list carries no element type in some encoders.
  if (Array.isArray(attribute.value) && attribute.value.length === 0 && type.endsWith('s')) {
    return attribute.value as unknown as ValueOf<T>;
  }
  throw new ScanError(
    'model-malformed',
    `attribute "${name}" of node "${node.name}" (${node.op}) is ${attribute.type}, expected ${type}; export the model again`,
  );
}
