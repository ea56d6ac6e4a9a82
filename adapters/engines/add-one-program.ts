import type { Graph } from '../../core/onnx/graph.js';
import { float32 } from '../../core/onnx/tensor.js';

/** y = x + 1 for one float: the smallest program that proves that an engine or a provider works. */
export const addOneProgram: Graph = {
  name: 'add-one',
  irVersion: 8,
  producer: 'neuroninspect',
  opsets: new Map([['', 17]]),
  inputs: [{ name: 'x', dtype: 'float32', dims: [1] }],
  outputs: [{ name: 'y', dtype: 'float32', dims: [1] }],
  nodes: [{ name: 'add', op: 'Add', domain: '', inputs: ['x', 'one'], outputs: ['y'], attributes: new Map() }],
  initializers: new Map([['one', float32([1], [1])]]),
  metadata: new Map(),
};
