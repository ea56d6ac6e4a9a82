import type { Tensor, ValueInfo } from '../../../core/onnx/graph.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { TfGraph, TfNode } from './graph.js';
import type { GraphLimits } from './schema.js';

export interface ImportRequest {
  readonly graph: TfGraph;
  readonly file: string;
  readonly limits: GraphLimits;
  readonly producer: string;
  /** What to do about a model that cannot be imported: how to export it to ONNX. */
  readonly advice: string;
  /** Inputs of the result by the node of the graph that stands for them. */
  readonly inputs: ReadonlyMap<string, ValueInfo>;
  /** Outputs: a value of the graph, as `node` or `node:1`, and the name it gets. */
  readonly outputs: readonly { readonly ref: string; readonly name: string }[];
  /** What a variable of the main graph holds. */
  readonly variable?: (handle: TfNode) => Tensor | undefined;
  /** What a Const holds that has no value of its own. */
  readonly constant?: (node: TfNode) => Tensor | undefined;
}

/** @throws ScanError `model-malformed` for two nodes of one name. */
export function byName(nodes: readonly TfNode[], file: string): Map<string, TfNode> {
  const result = new Map<string, TfNode>();
  for (const node of nodes) {
    if (result.has(node.name)) throw new ScanError('model-malformed', `${file}: two nodes are named '${node.name}'`);
    result.set(node.name, node);
  }
  return result;
}
