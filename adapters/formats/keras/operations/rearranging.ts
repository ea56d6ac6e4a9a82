import { ints } from '../../../../core/onnx/tensor.js';
import type { Value } from '../build.js';
import { axisOf, known, type LayerCall, type LayerRule } from '../layer.js';
import { isWhole } from '../settings.js';
import { axesParameter, first, numberParameter, parameter } from './operands.js';

/** Tensors of one shape along a new axis. */
export const stacked: LayerRule = (call) => {
  const { inputs, build } = call;
  const x = first(call);
  const axis = axisOf(call, numberParameter(call, 'axis', 0, 1), [...x.dims, 1]);
  if (axis === 0) return call.refuse('stacks along the batch');
  if (inputs.some(({ dims }) => dims.length !== x.dims.length)) return call.fail('stacks tensors of different shapes');
  const place = build.constant(ints(axis));
  const wide = inputs.map((each) => build.op('Unsqueeze', [each, place], each.dims.toSpliced(axis, 0, 1)));
  return build.concat(wide, axis);
};

/** One tensor for each place of an axis. */
export const unstacked: LayerRule = (call) => {
  const x = first(call);
  const axis = axisOf(call, numberParameter(call, 'axis', 0, 2), x.dims);
  if (axis === 0) return call.refuse('takes the batch apart');
  const size = known(call, x.dims, axis);
  if (size > maxParts) return call.refuse(`gives ${size} tensors`);
  const place = call.build.constant(ints(axis));
  return Array.from({ length: size }, (_, i) => {
    const part = call.build.slice(x, [axis], [i], [i + 1]);
    return call.build.op('Squeeze', [part, place], x.dims.toSpliced(axis, 1));
  });
};

/** Into parts of equal size, a number of them, or for `sizes` of the sizes listed. For places listed the parts end there. */
export function split(name: string, listed: 'sizes' | 'places'): LayerRule {
  return (call) => {
    const x = first(call);
    const axis = axisOf(call, numberParameter(call, 'axis', 0, 2), x.dims);
    if (axis === 0) return call.refuse('takes the batch apart');
    const size = known(call, x.dims, axis);
    const ends = endsOf(call, parameter(call, name, 1), size, listed);
    if (ends.length > maxParts) return call.refuse(`gives ${ends.length} tensors`);
    return ends.map((end, i) => call.build.slice(x, [axis], [ends[i - 1] ?? 0], [end]));
  };
}

const maxParts = 4096;

function endsOf(call: LayerCall, given: unknown, size: number, listed: 'sizes' | 'places'): number[] {
  if (isWhole(given)) {
    if (given < 1 || given > maxParts || size % given !== 0)
      return call.fail(`takes ${size} elements apart into ${given}`);
    return Array.from({ length: given }, (_, i) => ((i + 1) * size) / given);
  }
  if (!Array.isArray(given) || !given.every((each) => isWhole(each) && each >= 0))
    return call.refuse('takes a tensor apart by other things than sizes');
  const numbers = given as number[];
  let sum = 0;
  return listed === 'places' ? [...numbers, size] : numbers.map((part) => (sum += part));
}

/** From a place, so many elements along each axis; -1 takes the rest. */
export const taken: LayerRule = (call) => {
  const x = first(call);
  const [begin, size] = [parameter(call, 'begin', 1), parameter(call, 'size', 2)].map((each) =>
    Array.isArray(each) && each.length === x.dims.length && each.every(isWhole)
      ? each
      : call.refuse('takes elements in a way that is not supported'),
  ) as [number[], number[]];
  if (begin[0] !== 0 || size[0] !== -1) return call.refuse('takes some images of the batch');
  const axes = x.dims.map((_, axis) => axis).slice(1);
  return call.build.slice(
    x,
    axes,
    begin.slice(1),
    axes.map((axis) => (size[axis] === -1 ? 2 ** 31 - 1 : begin[axis]! + size[axis]!)),
  );
};

/** Backwards along axes. */
export const flipped: LayerRule = (call) => {
  const x = first(call);
  const axes = axesParameter(call, x, ['axis'], 1);
  if (axes.includes(0)) return call.refuse('turns the batch round');
  const column = (value: number): Value => call.build.constant(ints(...axes.map(() => value)));
  const { build } = call;
  return build.op('Slice', [x, column(-1), column(-(2 ** 31)), build.constant(ints(...axes)), column(-1)], x.dims);
};

/** Every element several times behind itself, along one axis. */
export function repeated(
  { build, ...call }: Pick<LayerCall, 'build' | 'fail' | 'refuse'>,
  x: Value,
  axis: number,
  times: number,
): Value {
  const size = x.dims[axis] ?? call.refuse(`needs axis ${axis} of its input to have a fixed size`);
  if (times < 1 || times > 2 ** 16) return call.fail(`repeats ${times} times`);
  if (times === 1) return x;
  const wide = x.dims.toSpliced(axis + 1, 0, 1);
  const each = build.op('Unsqueeze', [x, build.constant(ints(axis + 1))], wide);
  const counts = wide.map((_, i) => (i === axis + 1 ? times : 1));
  const all = build.op('Tile', [each, build.constant(ints(...counts))], wide.with(axis + 1, times));
  return build.reshape(all, x.dims.with(axis, size * times));
}

export const repeat: LayerRule = (call) => {
  const x = first(call);
  const times = parameter(call, 'repeats', 1);
  const axis = axisOf(call, numberParameter(call, 'axis', undefined, 2), x.dims);
  if (!isWhole(times) || axis === 0) return call.refuse('repeats in a way that is not supported');
  return repeated(call, x, axis, times);
};

export const tiled: LayerRule = (call) => {
  const x = first(call);
  const given = parameter(call, 'repeats', 1) ?? parameter(call, 'multiples', 1);
  const times: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (!times.every((each) => isWhole(each) && each >= 1 && each < 2 ** 16))
    return call.refuse('repeats by other things than numbers');
  const counts = [...new Array<number>(Math.max(0, x.dims.length - times.length)).fill(1), ...(times as number[])];
  if (counts.length !== x.dims.length || counts[0] !== 1) return call.refuse('repeats along new axes or the batch');
  const dims = x.dims.map((dim, i) => (dim === null ? null : dim * counts[i]!));
  return call.build.op('Tile', [x, call.build.constant(ints(...counts))], dims);
};

/** Moves one axis to another's place; the others keep their order. */
export const axisMoved: LayerRule = (call) => {
  const x = first(call);
  const [from, ...more] = axesParameter(call, x, ['source'], 1);
  const [to, ...others] = axesParameter(call, x, ['destination'], 2);
  if (more.length > 0 || others.length > 0) return call.refuse('moves several axes');
  const rest = x.dims.map((_, axis) => axis).filter((axis) => axis !== from);
  return call.build.transpose(x, rest.toSpliced(to!, 0, from!));
};

export const axesSwapped: LayerRule = (call) => {
  const x = first(call);
  const [[a], [b]] = [axesParameter(call, x, ['axis1'], 1), axesParameter(call, x, ['axis2'], 2)];
  return call.build.transpose(
    x,
    x.dims.map((_, axis) => (axis === a ? b! : axis === b ? a! : axis)),
  );
};

/** Zeros, or the mirrored inside, around a tensor: a pair of amounts for each axis. */
export const padded: LayerRule = (call) => {
  const x = first(call);
  const given = parameter(call, 'pad_width', 1) ?? parameter(call, 'paddings', 1);
  const pairs: readonly unknown[] = Array.isArray(given) ? given : [];
  const amounts = pairs.map((pair) => {
    const both: readonly unknown[] = Array.isArray(pair) ? pair : [pair, pair];
    return both.length === 2 && both.every((each) => isWhole(each) && each >= 0 && each < 2 ** 20)
      ? (both as number[])
      : call.refuse('pads by other things than amounts');
  });
  const wanted = parameter(call, 'mode') ?? 'constant';
  const mode =
    ['constant', 'reflect'].find((name) => typeof wanted === 'string' && wanted.toLowerCase() === name) ??
    call.refuse('pads in a way that is not supported');
  const fill = parameter(call, 'constant_values') ?? 0;
  if (amounts.length !== x.dims.length || amounts[0]![0] !== 0 || amounts[0]![1] !== 0 || typeof fill !== 'number')
    return call.refuse('pads in a way that is not supported');
  const dims = x.dims.map((dim, i) => (dim === null ? null : dim + amounts[i]![0]! + amounts[i]![1]!));
  const column = call.build.constant(
    ints(...amounts.map(([before]) => before!), ...amounts.map(([, after]) => after!)),
  );
  return call.build.op(
    'Pad',
    [x, column, fill === 0 || mode !== 'constant' ? undefined : call.build.number(fill)],
    dims,
    { mode },
  );
};

/** `block` by `block` channels next to each other become one pixel's surroundings, or the other way round; channels come last. */
export function blocks(op: 'DepthToSpace' | 'SpaceToDepth'): LayerRule {
  return (call) => {
    const x = first(call);
    const size = numberParameter(call, 'block_size', undefined, 1);
    const format = parameter(call, 'data_format') ?? 'channels_last';
    if (x.dims.length !== 4 || (format !== 'channels_last' && format !== 'NHWC'))
      return call.refuse('takes its input in a layout that is not supported');
    const [batch, height, width, channels] = x.dims;
    const [h, w, c] = [height, width, channels].map((_, i) => known(call, x.dims, i + 1));
    if (!isWhole(size) || size < 1) return call.fail('has blocks of no size');
    const dims =
      op === 'DepthToSpace' ? [h! * size, w! * size, c! / size ** 2] : [h! / size, w! / size, c! * size ** 2];
    if (!dims.every((dim) => Number.isInteger(dim) && dim > 0))
      return call.fail(`does not divide [${h}, ${w}, ${c}] into blocks of ${size}`);
    const [high, wide, deep] = dims as [number, number, number];
    const first4 = call.build.transpose(x, [0, 3, 1, 2]);
    const attributes = op === 'DepthToSpace' ? { blocksize: size, mode: 'DCR' } : { blocksize: size };
    const moved = call.build.op(op, [first4], [batch!, deep, high, wide], attributes);
    return call.build.transpose(moved, [0, 2, 3, 1]);
  };
}
