import { ScanError } from '../../scan/errors.js';
import type { DType, Node, Tensor } from '../graph.js';
import { numbersOf } from '../tensor.js';

/** Concrete type and shape of a value. */
export interface ValueType {
  readonly dtype: DType;
  readonly dims: readonly number[];
}

/** One node with all that is known of its inputs, position by position; undefined for an omitted optional input. */
export interface OpCall {
  readonly node: Node;
  /** Version of the operator set of the node's domain. */
  readonly opset: number;
  readonly types: readonly (ValueType | undefined)[];
  /** The value where it does not depend on the image. */
  readonly constants: readonly (Tensor | undefined)[];
}

/** Types of the outputs the op defines, in order; optional outputs may follow even when the node leaves them out. */
export type ShapeRule = (call: OpCall) => readonly ValueType[];

/** Type of a required input. */
export function input(call: OpCall, index: number): ValueType {
  const type = call.types[index];
  if (type === undefined) throw malformed(call, `lacks its input ${index}`);
  return type;
}

/** Type of an optional input. */
export function optional(call: OpCall, index: number): ValueType | undefined {
  return call.types[index];
}

/** Values of an optional input that shapes depend on, e.g. axes; undefined when it is omitted. */
export function numbersAt(call: OpCall, index: number): number[] | undefined {
  const type = call.types[index];
  if (type === undefined) return undefined;
  // An input of no elements needs no value.
  if (type.dims.includes(0)) return [];
  const constant = call.constants[index];
  if (constant === undefined) {
    throw unsupported(call, `takes a shape that depends on the image (input "${call.node.inputs[index]}")`);
  }
  if (constant.dtype === 'string') throw malformed(call, `takes text for numbers at input ${index}`);
  return numbersOf(constant);
}

/** As {@link numbersAt} for a required input. */
export function requiredNumbers(call: OpCall, index: number): number[] {
  input(call, index);
  return numbersAt(call, index) ?? [];
}

export function requiredNumber(call: OpCall, index: number): number {
  const values = requiredNumbers(call, index);
  if (values.length !== 1) throw malformed(call, `needs one value at input ${index}, not ${values.length}`);
  return values[0]!;
}

/** As {@link numbersAt} for axes, sizes and positions: fractions are refused. */
export function integersAt(call: OpCall, index: number): number[] | undefined {
  const values = numbersAt(call, index);
  const fraction = values?.find((value) => !Number.isInteger(value));
  if (fraction !== undefined) throw malformed(call, `takes ${fraction} for an integer at input ${index}`);
  return values;
}

export function requiredIntegers(call: OpCall, index: number): number[] {
  input(call, index);
  return integersAt(call, index) ?? [];
}

export function requiredInteger(call: OpCall, index: number): number {
  requiredIntegers(call, index);
  return requiredNumber(call, index);
}

/** A non-negative axis; negative ones count from the end. */
export function axisIn(call: OpCall, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(positive) || positive < 0 || positive >= rank) {
    throw malformed(call, `has axis ${axis}, but its input has ${rank} axes`);
  }
  return positive;
}

/** Non-negative axes without repetition. */
export function axesIn(call: OpCall, axes: readonly number[], rank: number): number[] {
  const positive = axes.map((axis) => axisIn(call, axis, rank));
  if (new Set(positive).size !== positive.length) throw malformed(call, `names an axis twice: ${axes.join(', ')}`);
  return positive;
}

/** Multidirectional broadcasting as ONNX and NumPy define it. */
export function broadcast(call: OpCall, ...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    let dim = 1;
    for (const dims of shapes) {
      const other = dims[axis - rank + dims.length] ?? 1;
      if (other === 1 || other === dim) continue;
      if (dim !== 1) {
        throw malformed(call, `cannot broadcast ${shapes.map((s) => `[${s.join(', ')}]`).join(' with ')}`);
      }
      dim = other;
    }
    return dim;
  });
}

/** The model contradicts the ONNX definition of an op. */
export function malformed(call: OpCall, problem: string): ScanError {
  return new ScanError('model-malformed', `${describeNode(call.node, call.opset)} ${problem}; export the model again`);
}

/** ONNX allows it, this program does not. */
export function unsupported(call: OpCall, problem: string): ScanError {
  return new ScanError(
    'model-unsupported-op',
    `${describeNode(call.node, call.opset)} ${problem}, which is not supported`,
  );
}

/** `node "conv1" (Conv, opset 17)`; the domain is named when it is not the default one. */
export function describeNode(node: Node, opset: number): string {
  const op = node.domain === '' ? node.op : `${node.domain}:${node.op}`;
  const name = node.name === '' ? `that computes "${node.outputs[0] ?? ''}"` : `"${node.name}"`;
  return `node ${name} (${op}, opset ${opset})`;
}
