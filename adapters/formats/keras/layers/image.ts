import { ints, float32, numbersOf } from '../../../../core/onnx/tensor.js';
import type { Value } from '../build.js';
import { axisOf, channelsFirst, input, known, type LayerCall, type LayerRule, type RuleTable } from '../layer.js';
import { repeated } from '../operations/rearranging.js';
import { inChannelsFirst } from './windows.js';

/** x * scale + offset; scale and offset are numbers or lists for the last axis. */
const rescaling: LayerRule = (call) => {
  const scaled = call.build.binary('Mul', input(call), numbers(call, 'scale', 1));
  return call.build.binary('Add', scaled, numbers(call, 'offset', 0));
};

/** A number or a list of them, lists in lists in the way of NumPy left out. */
function numbers(call: LayerCall, key: string, fallback: number): Value {
  const given = call.settings.raw(key) ?? fallback;
  if (typeof given === 'number') return call.build.number(given);
  const list = Array.isArray(given) ? (given as unknown[]) : [];
  if (list.length === 0 || !list.every((value) => typeof value === 'number'))
    return call.fail(`has a '${key}' that is neither a number nor a list of numbers`);
  return call.build.constant(float32([list.length], list));
}

/** (x - mean) / max(sqrt(variance), 1e-7), or the other way round. */
const normalization: LayerRule = (call) => {
  const { settings, build } = call;
  const x = input(call);
  const axes = (settings.has('axis') ? settings.integers('axis') : []).map((axis) => axisOf(call, axis, x.dims));
  const shape = x.dims.map((_, axis) => (axes.includes(axis) ? known(call, x.dims, axis) : 1));
  const size = shape.reduce((all, dim) => all * dim, 1);
  const given = settings.has('mean') || settings.has('variance');
  const [mean, variance] = given
    ? ['mean', 'variance'].map((key) => flatNumbers(call, settings.raw(key)))
    : call.variables(['mean', 'variance']).map(numbersOf);
  for (const values of [mean!, variance!])
    if (values.length !== size && values.length !== 1) call.fail(`normalises ${size} features by ${values.length}`);
  const spread = (values: readonly number[]): Value =>
    build.constant(values.length === size ? float32(shape, values) : float32([], values));
  const deviation = variance!.map((value) => Math.max(Math.sqrt(value), 1e-7));
  return settings.flag('invert', false)
    ? build.binary('Add', build.binary('Mul', x, spread(deviation)), spread(mean!))
    : build.binary('Div', build.binary('Sub', x, spread(mean!)), spread(deviation));
};

function flatNumbers(call: LayerCall, value: unknown, depth = 0): number[] {
  if (typeof value === 'number') return [value];
  if (!Array.isArray(value) || depth > 6) return call.fail('has statistics that are no numbers');
  return value.flatMap((inner) => flatNumbers(call, inner, depth + 1));
}

const modes: Readonly<Record<string, Readonly<Record<string, string | number | { readonly float: number }>>>> = {
  // Half-pixel centres; a tie goes to the higher pixel.
  nearest: { mode: 'nearest', coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
  bilinear: { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
  bicubic: {
    mode: 'cubic',
    coordinate_transformation_mode: 'half_pixel',
    cubic_coeff_a: { float: -0.5 },
    exclude_outside: 1,
  },
};

function modeOf(call: LayerCall, given: string): (typeof modes)[string] {
  const name = given.toLowerCase();
  return (Object.hasOwn(modes, name) ? modes[name] : undefined) ?? call.refuse(`interpolates by '${name}'`);
}

const upSampling: LayerRule = (call) => {
  const { settings, build } = call;
  const [high, wide] = settings.sizes('size', 2, 2);
  if (!(high! >= 1 && wide! >= 1)) call.fail('makes images smaller than nothing');
  const mode = modeOf(call, settings.text('interpolation', 'nearest'));
  return inChannelsFirst(call, input(call), 2, (x) => {
    const dims = x.dims.map((dim, axis) => (axis < 2 || dim === null ? dim : dim * (axis === 2 ? high! : wide!)));
    return build.op('Resize', [x, undefined, build.constant(float32([4], [1, 1, high!, wide!]))], dims, mode);
  });
};

/** Every element several times. */
const upSampling1d: LayerRule = (call) => repeated(call, input(call), 1, call.settings.integer('size', 2));

const upSampling3d: LayerRule = (call) => {
  const x = input(call);
  if (x.dims.length !== 5) return call.fail(`takes a tensor of ${x.dims.length} axes instead of 5`);
  const first = channelsFirst(call) ? 2 : 1;
  return call.settings.sizes('size', 3, 2).reduce((value, times, i) => repeated(call, value, first + i, times), x);
};

const resizing: LayerRule = (call) => {
  const { settings } = call;
  for (const key of ['crop_to_aspect_ratio', 'pad_to_aspect_ratio', 'antialias'])
    if (settings.flag(key, false)) call.refuse(`resizes with ${key}`);
  const size = [settings.integer('height'), settings.integer('width')];
  return resize(call, input(call), size, settings.text('interpolation', 'bilinear'));
};

export function resize(call: LayerCall, image: Value, size: readonly number[], interpolation: string): Value {
  const { build } = call;
  const [height, width] = size as [number, number];
  const mode = modeOf(call, interpolation);
  return inChannelsFirst(call, image, 2, (x) => {
    if (x.dims[2] === height && x.dims[3] === width) return x;
    const dims = [x.dims[0]!, x.dims[1]!, height, width];
    // Sizes of some axes alone (the attribute `axes`) make ONNX Runtime's shape inference fail.
    const own = build.op('Shape', [x], [2], { start: 0, end: 2 });
    const sizes = build.op('Concat', [own, build.constant(ints(height, width))], [4], { axis: 0 });
    return build.op('Resize', [x, undefined, undefined, sizes], dims, mode);
  });
}

/** The middle of the image; an image that is too small would be resized instead. */
const centerCrop: LayerRule = (call) => {
  const { settings, build } = call;
  const x = input(call);
  const target = [settings.integer('height'), settings.integer('width')];
  const axes = channelsFirst(call) ? [2, 3] : [1, 2];
  const starts = axes.map((axis, i) => Math.trunc((known(call, x.dims, axis) - target[i]!) / 2));
  if (axes.some((axis, i) => x.dims[axis]! < target[i]!)) call.refuse('crops an image that is smaller than the crop');
  return build.slice(
    x,
    axes,
    starts,
    starts.map((start, i) => start + target[i]!),
  );
};

export const imageLayers: RuleTable = {
  Rescaling: rescaling,
  Normalization: normalization,
  UpSampling1D: upSampling1d,
  UpSampling2D: upSampling,
  UpSampling3D: upSampling3d,
  Resizing: resizing,
  CenterCrop: centerCrop,
};
