import type { Node } from '../../../core/onnx/graph.js';
import type { OpCall, ValueType } from '../../../core/onnx/shapes/call.js';
import type { Tensor } from '../../../core/onnx/graph.js';
import type { Tf, TfTensor } from './library.js';

/** One node at run time, as a kernel sees it. */
export interface KernelCall {
  readonly tf: Tf;
  readonly node: Node;
  /** What shape rules of the core read: node, opset, types and the values on the host. */
  readonly op: OpCall;
  /** Types of the outputs, from the core's shape rules. */
  readonly out: readonly ValueType[];
  /** Is the optional input there? */
  readonly has: (index: number) => boolean;
  readonly dims: (index: number) => readonly number[];
  /** Input on the device, in its own shape or another one of the same size. */
  readonly x: (index: number, shape?: readonly number[]) => TfTensor;
  /** Input on the host. */
  readonly host: (index: number) => Tensor;
  /** A tensor made of the weights alone is made once per session; `inputs` are all it is made of. */
  readonly once: (inputs: readonly number[], key: string, make: () => TfTensor) => TfTensor;
  /** @throws ScanError `engine-failed` that names op and node. */
  fail(problem: string): never;
}

/**
 * Computes the outputs on the device. Their shapes may differ from the declared ones as long as the sizes agree; truth values
 * are float32 0 and 1, integers int32. Every tensor that is made and not returned is given up by the caller. `host` leaves
 * this case to the evaluator of the core.
 */
export type Kernel = (c: KernelCall) => TfTensor | readonly (TfTensor | undefined)[] | 'host';

export interface KernelEntry {
  readonly kernel: Kernel;
  /**
   * Element types the kernel computes exactly: `float` is float32 for all inputs, `first` is float32 for the first one and
   * integers for the others, `moves` takes all that fits on the device, because values are moved or compared, not computed.
   */
  readonly takes: 'float' | 'first' | 'moves';
}

export type KernelTable = Readonly<Record<string, KernelEntry>>;

/** A table of kernels that take the same element types. */
export function kernels(takes: KernelEntry['takes'], table: Readonly<Record<string, Kernel>>): KernelTable {
  return Object.fromEntries(Object.entries(table).map(([op, kernel]) => [op, { kernel, takes }]));
}
