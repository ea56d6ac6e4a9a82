import type { Tensor } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { ImportState } from './context.js';
import type { TfNode } from './graph.js';
import { reasonToRefuse } from './refused.js';
import type { ImportRequest } from './request.js';

/** The nodes of a graph or of one call of a function, and what they came to. */
export interface Body {
  readonly nodes: ReadonlyMap<string, TfNode>;
  /** Values from outside: the image, the arguments of a function. */
  readonly arguments: ReadonlyMap<string, Value>;
  /** Outputs of the nodes that were visited. */
  readonly values: Map<string, readonly Value[]>;
  /** Functions around it. */
  readonly depth: number;
  readonly inFunction: boolean;
}

/** The name of an ONNX value; a variable, which is read where it is needed; or what a branch not taken would give. */
export type Value = string | Handle | typeof dead;

export interface Handle {
  readonly name: string;
  readonly read: () => Tensor;
}

export const dead = Symbol('the branch that is not taken');

export interface Walk {
  readonly request: ImportRequest;
  readonly state: ImportState;
  /** From ONNX values to the TensorFlow values they are. */
  readonly named: Map<string, string>;
  /** How often a node of this name was met: a function that is called again has the same names again. */
  readonly scopes: Map<string, number>;
  /** Nodes, those of inlined functions included. */
  visited: number;
}

/** The emitter tries names one after the other, which must not become slow where thousands of nodes have one name. */
export function scopeOf({ scopes }: Walk, name: string): string {
  const count = (scopes.get(name) ?? 0) + 1;
  scopes.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}

/** The error for a node that no graph can hold. */
export function refused({ request }: Walk, node: TfNode, why?: string): ScanError {
  const { file, advice } = request;
  const [reason, instead] = why === undefined ? reasonToRefuse(node.op) : [why, undefined];
  return new ScanError(
    'model-unsupported-op',
    `${file}: node '${node.name}' (${node.op}) ${reason}. ${instead ?? advice}`,
  );
}
