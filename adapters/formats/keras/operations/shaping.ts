import { ints } from '../../../../core/onnx/tensor.js';
import type { Dims, Value } from '../build.js';
import { axisOf, type LayerCall, type LayerRule, type Operand } from '../layer.js';
import { isWhole } from '../settings.js';
import { axesParameter, first, parameter } from './operands.js';

/** `x[...]` of Python: whole numbers, slices, `...` and `None`. */
export const getItem: LayerRule = (call) => {
  const x = first(call);
  const key = call.args[1] ?? call.options.get('key') ?? call.options.get('slice_spec');
  if (!key) return call.fail('takes elements but does not say which');
  const keys = expanded(call, key.kind === 'list' ? key.items : [key], x.dims.length);
  const cuts: { axis: number; start: number; end: number; step: number }[] = [];
  const dims: (number | null)[] = [];
  let axis = 0;
  for (const each of keys) {
    if (each.kind === 'constant' && each.value === null) {
      dims.push(1);
      continue;
    }
    const size = x.dims[axis] ?? null;
    if (each.kind === 'slice') {
      const step = each.step ?? 1;
      if (step === 0) call.fail('cuts in steps of nothing');
      const start = each.start ?? (step > 0 ? 0 : end);
      const stop = each.stop ?? (step > 0 ? end : -end);
      if (start !== 0 || stop !== end || step !== 1) cuts.push({ axis, start, end: stop, step });
      dims.push(
        size === null
          ? start === 0 && stop === end && step === 1
            ? null
            : call.refuse('cuts an axis of unknown size')
          : lengthOf(size, start, stop, step),
      );
    } else if (each.kind === 'constant' && isWhole(each.value)) {
      cuts.push({ axis, start: each.value, end: each.value === -1 ? end : each.value + 1, step: 1 });
    } else call.refuse('takes elements by other things than numbers and slices');
    axis++;
  }
  if (dims.includes(0)) call.fail('takes no elements');
  const { build } = call;
  const column = (pick: (cut: (typeof cuts)[number]) => number): Value => build.constant(ints(...cuts.map(pick)));
  const taken =
    cuts.length === 0
      ? x
      : build.op(
          'Slice',
          [
            x,
            column((cut) => cut.start),
            column((cut) => cut.end),
            column((cut) => cut.axis),
            column((cut) => cut.step),
          ],
          x.dims,
        );
  return dims.length === x.dims.length && keys.every(({ kind }) => kind === 'slice')
    ? { ...taken, dims }
    : build.reshape(taken, dims);
};

const end = 2 ** 31 - 1;

/** Without `...`, and with full slices for the axes that are not named. */
function expanded(call: LayerCall, keys: readonly Operand[], rank: number): Operand[] {
  const all: Operand = { kind: 'slice', start: null, stop: null, step: null };
  const named = keys.filter(
    (key) => key.kind !== 'ellipsis' && !(key.kind === 'constant' && key.value === null),
  ).length;
  if (named > rank) return call.fail(`takes elements of ${rank} axes by ${named} numbers`);
  const missing = new Array<Operand>(rank - named).fill(all);
  const at = keys.findIndex(({ kind }) => kind === 'ellipsis');
  return at < 0 ? [...keys, ...missing] : [...keys.slice(0, at), ...missing, ...keys.slice(at + 1)];
}

function lengthOf(size: number, start: number, stop: number, step: number): number {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const place = (at: number): number => Math.min(high, Math.max(low, at < 0 && at !== -end ? at + size : at));
  return Math.max(0, Math.ceil((place(stop) - place(start)) / step));
}

export const transposed: LayerRule = (call) => {
  const x = first(call);
  const given = parameter(call, 'axes') ?? parameter(call, 'perm', 1);
  const perm = given ?? x.dims.map((_, i) => x.dims.length - 1 - i);
  if (!Array.isArray(perm) || !perm.every(isWhole)) return call.fail('permutes its axes by other things than numbers');
  const order = perm.map((axis) => axisOf(call, axis, x.dims));
  if (new Set(order).size !== x.dims.length) return call.fail('does not name every axis once');
  return call.build.transpose(x, order);
};

export const expandDims: LayerRule = (call) => {
  const x = first(call);
  const [axis] = axesParameter(call, { ...x, dims: [...x.dims, 1] }, ['axis'], 1);
  if (axis === undefined || axis === 0) return call.refuse('adds an axis in front of the batch');
  return call.build.op(
    'Unsqueeze',
    [x, call.build.constant(ints(axis))],
    [...x.dims.slice(0, axis), 1, ...x.dims.slice(axis)],
  );
};

export const squeeze: LayerRule = (call) => {
  const x = first(call);
  const named = parameter(call, 'axis', 1) ?? undefined;
  const ones = x.dims.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  const axes = named === undefined ? ones : axesParameter(call, x, ['axis'], 1);
  if (axes.some((axis) => x.dims[axis] !== 1)) return call.fail('drops an axis that is not of size 1');
  const dims: Dims = x.dims.filter((_, axis) => !axes.includes(axis));
  return call.build.op('Squeeze', [x, call.build.constant(ints(...axes))], dims);
};

/** With sizes as a list; a batch of unknown size is written -1 or null. */
export const reshaped: LayerRule = (call) => {
  const x = first(call);
  const shape = parameter(call, 'newshape', 1) ?? parameter(call, 'shape', 1);
  if (!Array.isArray(shape)) return call.fail('does not say to what shape it reshapes');
  const dims = shape.map((dim: unknown) =>
    isWhole(dim) && dim > 0
      ? dim
      : dim === null || dim === -1
        ? null
        : call.fail('reshapes to other things than sizes'),
  );
  const [, ...own] = x.dims;
  const [, ...rest] = dims;
  if (own.every((dim) => dim !== null) && dims[0] === null) {
    const total = own.reduce<number>((all, dim) => all * dim, 1);
    const fixed = rest.reduce<number>((all, dim) => all * (dim ?? 1), 1);
    if (rest.filter((dim) => dim === null).length <= 1 && total % fixed === 0)
      return call.build.reshape(x, [x.dims[0]!, ...rest.map((dim) => dim ?? total / fixed)]);
  }
  return call.build.reshape(x, dims);
};
