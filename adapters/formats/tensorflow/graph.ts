import type { Tensor } from '../../../core/onnx/graph.js';

/** A TensorFlow graph as a value, whether it came as protobuf or as JSON. Names follow TensorFlow's schema. */
export interface TfGraph {
  readonly nodes: readonly TfNode[];
  readonly functions: ReadonlyMap<string, TfFunction>;
}

export interface TfNode {
  readonly name: string;
  readonly op: string;
  /** `node`, `node:1`, in functions also `argument` and `node:output_arg:0`; `^node` is a control edge. */
  readonly inputs: readonly string[];
  readonly attrs: ReadonlyMap<string, TfAttr>;
}

export interface TfFunction {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly TfNode[];
  /** From an output to the value that is returned. */
  readonly ret: ReadonlyMap<string, string>;
}

export type TfAttr =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'func'; readonly value: string }
  /** A number of TensorFlow's `DataType`. */
  | { readonly kind: 'type'; readonly value: number }
  | { readonly kind: 'shape'; readonly value: TfShape }
  /** Decoded when it is needed. */
  | { readonly kind: 'tensor'; readonly value: () => Tensor }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] };

/** null is an unknown dimension, undefined an unknown rank. */
export type TfShape = readonly (number | null)[] | undefined;
