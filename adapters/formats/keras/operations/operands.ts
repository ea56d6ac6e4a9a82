import { float32 } from '../../../../core/onnx/tensor.js';
import type { Value } from '../build.js';
import { axisOf, type LayerCall, type Operand } from '../layer.js';
import { isWhole } from '../settings.js';

/** Tensors and numbers that a function computes with, in the order of its parameters; `names` are given by name only. */
export function operandValues(call: LayerCall, names: readonly string[] = ['x', 'x1', 'x2', 'y']): Value[] {
  const named = names.flatMap((name) => call.options.get(name) ?? []);
  return [...call.args, ...named].flatMap((operand) => valuesOf(call, operand));
}

function valuesOf(call: LayerCall, operand: Operand): Value[] {
  if (operand.kind === 'tensor') return [operand.value];
  if (operand.kind === 'constant' && typeof operand.value === 'number') return [call.build.number(operand.value)];
  if (operand.kind !== 'list') return [];
  return holdsTensor(operand) ? operand.items.flatMap((item) => valuesOf(call, item)) : [constantOf(call, operand)];
}

function holdsTensor(operand: Operand): boolean {
  return operand.kind === 'tensor' || (operand.kind === 'list' && operand.items.some(holdsTensor));
}

/** Numbers in lists, as NumPy arrays are written. */
function constantOf(call: LayerCall, operand: Operand): Value {
  const dims: number[] = [];
  for (let level: Operand | undefined = operand; level?.kind === 'list'; level = level.items[0])
    dims.push(level.items.length);
  const numbers = numbersIn(call, operand);
  if (numbers.length !== dims.reduce((all, dim) => all * dim, 1))
    return call.fail('computes with a list of lists of different lengths');
  return call.build.constant(float32(dims, numbers));
}

function numbersIn(call: LayerCall, operand: Operand): number[] {
  if (operand.kind === 'constant' && typeof operand.value === 'number') return [operand.value];
  return operand.kind === 'list'
    ? operand.items.flatMap((item) => numbersIn(call, item))
    : call.fail('computes with a list of other things than numbers');
}

/** A parameter that is no tensor: given by name, by place, or as a setting of the operation. */
export function parameter(call: LayerCall, name: string, place?: number): unknown {
  const operand = call.options.get(name) ?? (place === undefined ? undefined : call.args[place]);
  const given = operand && plain(call, operand);
  return given ?? call.settings.raw(name);
}

function plain(call: LayerCall, operand: Operand): unknown {
  if (operand.kind === 'constant') return operand.value;
  if (operand.kind === 'list') return operand.items.map((item) => plain(call, item));
  return call.refuse('takes a tensor where a fixed setting is expected');
}

export function numberParameter(call: LayerCall, name: string, fallback?: number, place?: number): number {
  const value = parameter(call, name, place) ?? fallback;
  return typeof value === 'number' ? value : call.fail(`has a '${name}' that is no number`);
}

/** Axes of a function; `fallback`, or all, where none are named. */
export function axesParameter(
  call: LayerCall,
  x: Value,
  names: readonly string[] = ['axis'],
  place?: number,
  fallback?: readonly number[],
): number[] {
  const value =
    names.map((name) => parameter(call, name, place)).find((each) => each !== undefined && each !== null) ?? fallback;
  if (value === undefined) return x.dims.map((_, axis) => axis);
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((axis) =>
    isWhole(axis) ? axisOf(call, axis, x.dims) : call.fail('names an axis that is no number'),
  );
}

/** The tensor that a function of one tensor takes. */
export function first(call: LayerCall): Value {
  return call.inputs[0] ?? call.fail('takes no tensor');
}
