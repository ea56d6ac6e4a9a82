import type { Graph } from './graph.js';
import type { ValueType } from './shapes/call.js';

export type { ValueType } from './shapes/call.js';

export interface StaticGraph {
  /** Only nodes that depend on the graph inputs and that the outputs need; everything constant became an initializer. */
  readonly graph: Graph;
  /** Concrete type and shape of every value: inputs, initializers, node outputs. */
  readonly types: ReadonlyMap<string, ValueType>;
}
