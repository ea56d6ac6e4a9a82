/**
 * The part of `@tensorflow/tfjs-core` that the interpreter calls. Written down here, because the package is optional: this
 * program compiles and runs without it.
 */
export interface TfTensor {
  readonly shape: number[];
  readonly dtype: string;
  dataSync(): Float32Array | Int32Array | Uint8Array;
  dispose(): void;
}

type Unary = (x: TfTensor) => TfTensor;
type Binary = (a: TfTensor, b: TfTensor) => TfTensor;
type Reduce = (x: TfTensor, axes: readonly number[], keepDims?: boolean) => TfTensor;
type Padding = readonly (readonly [number, number])[] | 'valid';

export interface Tf {
  readonly version_core: string;
  tensor(data: Float32Array | Int32Array, shape: readonly number[], dtype: 'float32' | 'int32'): TfTensor;
  tidy<T>(body: () => T): T;
  keep(x: TfTensor): TfTensor;
  memory(): { readonly numTensors: number; readonly numBytes: number };
  setBackend(name: string): Promise<boolean>;
  getBackend(): string | undefined;
  ready(): Promise<void>;
  backend(): { readonly isUsingGpuDevice?: boolean };
  env(): { set(flag: string, value: boolean | number): void };

  reshape(x: TfTensor, shape: readonly number[]): TfTensor;
  transpose(x: TfTensor, perm: readonly number[]): TfTensor;
  tile(x: TfTensor, reps: readonly number[]): TfTensor;
  slice(x: TfTensor, begin: readonly number[], size: readonly number[]): TfTensor;
  stridedSlice(x: TfTensor, begin: readonly number[], end: readonly number[], strides: readonly number[]): TfTensor;
  reverse(x: TfTensor, axes: readonly number[]): TfTensor;
  concat(parts: readonly TfTensor[], axis: number): TfTensor;
  pad(x: TfTensor, pads: readonly (readonly [number, number])[], value?: number): TfTensor;
  gather(x: TfTensor, indices: TfTensor, axis: number): TfTensor;
  where(condition: TfTensor, yes: TfTensor, no: TfTensor): TfTensor;
  cast(x: TfTensor, dtype: 'float32' | 'int32' | 'bool'): TfTensor;
  clone: Unary;
  fill(shape: readonly number[], value: number, dtype: 'float32' | 'int32'): TfTensor;
  scalar(value: number, dtype?: 'float32' | 'int32'): TfTensor;

  add: Binary;
  sub: Binary;
  mul: Binary;
  div: Binary;
  pow: Binary;
  mod: Binary;
  maximum: Binary;
  minimum: Binary;
  prelu: Binary;
  equal: Binary;
  notEqual: Binary;
  less: Binary;
  lessEqual: Binary;
  greater: Binary;
  greaterEqual: Binary;

  abs: Unary;
  acos: Unary;
  acosh: Unary;
  asin: Unary;
  asinh: Unary;
  atan: Unary;
  atanh: Unary;
  ceil: Unary;
  cos: Unary;
  cosh: Unary;
  erf: Unary;
  exp: Unary;
  expm1: Unary;
  floor: Unary;
  isInf: Unary;
  isNaN: Unary;
  log: Unary;
  log1p: Unary;
  neg: Unary;
  relu: Unary;
  round: Unary;
  selu: Unary;
  sigmoid: Unary;
  sign: Unary;
  sin: Unary;
  sinh: Unary;
  sqrt: Unary;
  square: Unary;
  tan: Unary;
  tanh: Unary;

  sum: Reduce;
  mean: Reduce;
  max: Reduce;
  min: Reduce;
  prod: Reduce;
  softmax(x: TfTensor): TfTensor;
  argMax(x: TfTensor, axis: number): TfTensor;
  argMin(x: TfTensor, axis: number): TfTensor;
  cumsum(x: TfTensor, axis: number, exclusive: boolean, reverse: boolean): TfTensor;
  topk(x: TfTensor, k: number, sorted: boolean): { readonly values: TfTensor; readonly indices: TfTensor };

  matMul(a: TfTensor, b: TfTensor, transposeA?: boolean, transposeB?: boolean): TfTensor;
  conv2d(
    x: TfTensor,
    filter: TfTensor,
    strides: readonly number[],
    pad: Padding,
    dataFormat: 'NHWC',
    dilations: readonly number[],
  ): TfTensor;
  depthwiseConv2d(
    x: TfTensor,
    filter: TfTensor,
    strides: readonly number[],
    pad: Padding,
    dataFormat: 'NHWC',
    dilations: readonly number[],
  ): TfTensor;
  conv2dTranspose(
    x: TfTensor,
    filter: TfTensor,
    outputShape: readonly number[],
    strides: readonly number[],
    pad: 'valid',
  ): TfTensor;
  scatterND(indices: TfTensor, updates: TfTensor, shape: readonly number[]): TfTensor;
}
