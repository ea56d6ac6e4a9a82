/**
 * The ONNX graph as an immutable value. Every model format is imported into it and every engine runs it.
 * Names follow the public ONNX specification.
 */
export interface Graph {
  readonly name: string;
  readonly irVersion: number;
  readonly producer: string;
  /** Operator-set version per domain; the default domain is `''`. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Graph inputs without the initializers that old IR versions list among them. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Topologically sorted. */
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  /** A number is fixed, a string is symbolic, null is unknown; undefined when even the rank is unknown. */
  readonly dims: readonly Dim[] | undefined;
}

export type Dim = number | string | null;

export interface Node {
  readonly name: string;
  readonly op: string;
  /** `''` is the default ONNX domain (`ai.onnx` is normalised to it). */
  readonly domain: string;
  /** An omitted optional input is the empty string. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export interface Tensor {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** Row-major; the array type follows `dtype`, see {@link TensorData}. */
  readonly data: TensorData;
}

export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint64'
  | 'uint32'
  | 'uint16'
  | 'uint8'
  | 'bool'
  | 'string';

/**
 * float16 and bfloat16 keep their raw bits in a Uint16Array, bool is a Uint8Array of 0 and 1,
 * int64 and uint64 are big-int arrays, string is an array of strings.
 */
export type TensorData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint32Array
  | Uint16Array
  | Uint8Array
  | readonly string[];
