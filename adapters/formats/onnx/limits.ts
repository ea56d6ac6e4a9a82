/** What a model file may ask for. A file above a limit is refused before anything of that size is allocated. */
export interface OnnxLimits {
  /** Bytes over all files of the model. */
  readonly maxBytes: number;
  /** Graphs inside attributes of graphs (If, Loop, Scan). */
  readonly maxSubgraphDepth: number;
  /** Nodes of all graphs and function bodies, and of the graph once functions are inlined. */
  readonly maxNodes: number;
  readonly maxAttributes: number;
  readonly maxInitializers: number;
  /** Inputs and outputs of all nodes, graphs and functions together. */
  readonly maxValues: number;
  /** Elements of one tensor, as declared by its shape. */
  readonly maxElements: number;
  /** Elements of all sparse tensors together, once they are made dense. */
  readonly maxSparseElements: number;
  /** Numbers and strings in attributes, shapes and string tensors of the whole file. */
  readonly maxListItems: number;
  /** Bytes of the name of a value, node, operator, ... */
  readonly maxNameBytes: number;
  /** Bytes of one string attribute, string element or metadata entry. */
  readonly maxTextBytes: number;
}

export const defaultOnnxLimits: OnnxLimits = {
  maxBytes: 2 ** 31,
  maxSubgraphDepth: 32,
  maxNodes: 200_000,
  maxAttributes: 500_000,
  maxInitializers: 200_000,
  maxValues: 1_000_000,
  maxElements: 2 ** 29,
  maxSparseElements: 2 ** 26,
  maxListItems: 2_000_000,
  maxNameBytes: 4096,
  maxTextBytes: 2 ** 20,
};
