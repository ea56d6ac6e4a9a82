import type { Emitter } from '../../../core/compile/emit.js';
import type { ValueType } from '../../../core/onnx/shapes/call.js';
import { codeOfDType } from '../../../core/onnx/dtypes.js';
import type { DType, Tensor } from '../../../core/onnx/graph.js';
import { ints, numbersOf } from '../../../core/onnx/tensor.js';
import { ScanError } from '../../../core/scan/errors.js';
import { stridedCopy, stridesOf } from '../../../core/onnx/evaluate/cells.js';
import { tfDType, tfDTypeName } from './dtypes.js';
import type { TfAttr, TfNode } from './graph.js';
import type { Shadow } from './shadow.js';

/** Turns one TensorFlow node into ONNX nodes; returns the values of its outputs. */
export type Convert = (c: OpContext) => string | readonly string[];

/** What a converter sees of a node, and what it can do. */
export interface OpContext {
  readonly node: TfNode;
  readonly emit: Emitter;
  /** The ONNX values of the node's inputs; control edges are left out. */
  readonly inputs: readonly string[];
  /** @throws ScanError `model-malformed` where there is no such input. */
  input(index: number): string;
  /** An input that depends on no image, where that is known; small ones are folded. */
  constant(index: number): Tensor | undefined;
  /** As {@link constant} for what ONNX wants written into the node. @throws ScanError `model-unsupported-op`. */
  integers(index: number): number[];
  /** The integers of a vector that was put together from pieces; undefined for the pieces that are computed. */
  pieces(index: number): readonly (number | undefined)[];
  /** Type of a value, as far as it can be told before the image's size is known: rank and channels only are safe to use. */
  typeOf(value: string): ValueType | undefined;
  /** An input as int64, the type in which ONNX takes shapes, axes and sizes. */
  int64(index: number): string;
  cast(value: string, dtype: DType): string;
  vector(...values: number[]): string;
  /** A constant input with its axes in another order, as one more constant; anything else through a Transpose. */
  permuted(index: number, perm: readonly number[]): string;
  int(name: string, fallback: number): number;
  float(name: string, fallback: number): number;
  bool(name: string, fallback: boolean): boolean;
  text(name: string, fallback: string): string;
  list(name: string): readonly number[];
  texts(name: string): readonly string[];
  dtype(name: string): DType;
  unsupported(why: string): never;
  malformed(why: string): never;
}

/** What the nodes of one model share. */
export interface ImportState {
  readonly file: string;
  /** How to export the model to ONNX instead. */
  readonly advice: string;
  readonly emit: Emitter;
  readonly shadow: Shadow;
  /** Kernels that were turned already, by name and order of axes. */
  readonly turned: Map<string, string>;
  /** For values that are joined from scalars. */
  readonly pieces: Map<string, readonly (number | undefined)[]>;
}

export function opContext(state: ImportState, node: TfNode, inputs: readonly string[]): OpContext {
  const { emit, shadow } = state;
  const title = `${state.file}: node '${node.name}' (${node.op})`;
  const malformed = (why: string): never => {
    throw new ScanError('model-malformed', `${title} ${why}; export the model again`);
  };
  const unsupported = (why: string): never => {
    throw new ScanError('model-unsupported-op', `${title} ${why}. ${state.advice}`);
  };
  const input = (index: number): string => inputs[index] ?? malformed(`lacks its input ${index}`);
  const constant = (index: number): Tensor | undefined =>
    index < inputs.length ? shadow.constantOf(inputs[index]!) : undefined;
  const cast = (value: string, dtype: DType): string => {
    const known = shadow.constantOf(value);
    if (dtype === 'int64' && known && known.data.length <= 64 && known.dtype === 'int32') {
      return emit.constant({ dtype, dims: known.dims, data: BigInt64Array.from(numbersOf(known), BigInt) });
    }
    return emit.op('Cast', [value], { to: codeOfDType(dtype) });
  };
  /** The attribute's value if it is of this kind. */
  const attr = <K extends TfAttr['kind']>(name: string, kind: K): AttrValue<K> | undefined => {
    const found = node.attrs.get(name);
    if (!found) return undefined;
    if (found.kind === kind) return found.value as unknown as AttrValue<K> | undefined;
    return malformed(`has the attribute ${name} of kind ${found.kind}, not ${kind}`);
  };
  return {
    node,
    emit,
    inputs,
    input,
    constant,
    integers: (index) => {
      const tensor = constant(index) ?? unsupported(`takes input ${index} from something that is computed`);
      return integersOf(tensor) ?? malformed(`takes ${tensor.dtype} values for integers at input ${index}`);
    },
    pieces: (index) => {
      const tensor = constant(index);
      return (tensor && integersOf(tensor)) ?? state.pieces.get(input(index)) ?? [];
    },
    typeOf: (value) => shadow.typeOf(value),
    int64: (index) => (shadow.typeOf(input(index))?.dtype === 'int64' ? input(index) : cast(input(index), 'int64')),
    cast,
    vector: (...values) => emit.constant(ints(...values)),
    permuted: (index, perm) => {
      const name = input(index);
      const tensor = emit.initializers.get(name);
      if (!tensor) return emit.transpose(name, perm);
      const key = `${name} ${perm.join()}`;
      const known = state.turned.get(key);
      if (known !== undefined) return known;
      if (tensor.dims.length !== perm.length) malformed(`has a kernel of shape [${tensor.dims.join(', ')}]`);
      const strides = stridesOf(tensor.dims);
      const dims = perm.map((axis) => tensor.dims[axis]!);
      const order = perm.map((axis) => strides[axis]!);
      const turned = emit.constant(stridedCopy(tensor, dims, order), 'kernel');
      state.turned.set(key, turned);
      return turned;
    },
    int: (name, fallback) => attr(name, 'int') ?? fallback,
    float: (name, fallback) => attr(name, 'float') ?? fallback,
    bool: (name, fallback) => attr(name, 'bool') ?? fallback,
    text: (name, fallback) => attr(name, 'string') ?? fallback,
    list: (name) => attr(name, 'ints') ?? [],
    texts: (name) => {
      const found = node.attrs.get(name);
      // An empty list does not tell what it is a list of.
      return found?.kind === 'ints' && found.value.length === 0 ? [] : (attr(name, 'strings') ?? []);
    },
    dtype: (name) => {
      const code = attr(name, 'type') ?? malformed(`lacks the attribute ${name}`);
      return tfDType(code) ?? unsupported(`works on ${tfDTypeName(code)} values`);
    },
    unsupported,
    malformed,
  };
}

type AttrValue<K extends TfAttr['kind']> = Extract<TfAttr, { kind: K }>['value'];

function integersOf(tensor: Tensor): number[] | undefined {
  return tensor.dtype === 'string' || tensor.dtype.startsWith('float') ? undefined : numbersOf(tensor);
}
