import { ScanError } from './errors.js';
import type { DecodedImage, ImageSet, ModelInput, PixelImageSet, Preprocessing, RawImageSet } from './images.js';

export { suggestPreprocessings, type PreprocessingSuggestion } from './preprocessings.js';

/** What a model takes for one image. */
export interface ImageInput {
  /** Without the image axis: [C, H, W] or [H, W, C]; undefined where the model leaves it open. */
  readonly inputDims: readonly (number | undefined)[];
  readonly layout: 'NCHW' | 'NHWC';
  /** The model takes whole numbers, e.g. uint8. */
  readonly integerInput: boolean;
}

/**
 * Turns clean images into model input, `x = (pixel01 * scale - mean[c]) / std[c]`; c counts the model's channels, so with
 * `bgr` the first mean is that of blue. For integer inputs x is rounded. Arrays are only checked against the model.
 *
 * Nothing is resized here and no channel is invented or thrown away unless `preprocessing.channels` asks for it: `rgb` and
 * `bgr` repeat gray, `gray` takes the luma of colour (ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B). The one exception loses
 * nothing: a colour file that holds only grays goes to a 1-channel model.
 *
 * @throws ScanError `images-mismatch` naming the image, what the model takes and the flag that helps; `usage` for a
 * preprocessing that is no number.
 */
export function fitImages(set: ImageSet, model: ImageInput, preprocessing: Preprocessing): ModelInput {
  const layout = preprocessing.layout ?? model.layout;
  if (model.inputDims.length !== 3) {
    throw mismatch(`the model takes ${shape(model.inputDims)} per image, which is no picture (3 axes are needed)`);
  }
  if (set.count === 0) throw new ScanError('images-missing', 'there are no clean images to give to the model');
  return set.kind === 'raw' ? fitRaw(set, model, layout) : fitPixels(set, model, layout, preprocessing);
}

/** [N, C, H, W] planes in which black is 0 and white is 1 by `input.domain`; values outside it are not clipped. */
export function toUnit(input: ModelInput): Float32Array {
  const { low, high } = input.domain;
  const unit = new Float32Array(input.data.length);
  eachValue(input, input.dims[0]!, (planar, inModel, channel) => {
    unit[planar] = (input.data[inModel]! - low[channel]!) / (high[channel]! - low[channel]!);
  });
  return unit;
}

/**
 * The way back from `toUnit`: `n` images of [C, H, W] planes in 0..1 to the layout and values the model takes. Not rounded
 * for integer inputs, so that it stays differentiable.
 */
export function fromUnit(
  unit: Float32Array,
  n: number,
  input: Pick<ModelInput, 'dims' | 'layout' | 'domain'>,
): Float32Array {
  const { low, high } = input.domain;
  const data = new Float32Array(unit.length);
  eachValue(input, n, (planar, inModel, channel) => {
    data[inModel] = low[channel]! + unit[planar]! * (high[channel]! - low[channel]!);
  });
  return data;
}

/** A gradient with respect to the model's input as one with respect to unit space: [n, C, H, W], times white minus black. */
export function gradientToUnit(
  gradient: Float32Array,
  n: number,
  input: Pick<ModelInput, 'dims' | 'layout' | 'domain'>,
): Float32Array {
  const { low, high } = input.domain;
  const unit = new Float32Array(gradient.length);
  eachValue(input, n, (planar, inModel, channel) => {
    unit[planar] = gradient[inModel]! * (high[channel]! - low[channel]!);
  });
  return unit;
}

/** Visits every value by its place in [n, C, H, W] and its place in the model's layout. */
function eachValue(
  { dims, layout }: Pick<ModelInput, 'dims' | 'layout'>,
  n: number,
  visit: (planar: number, inModel: number, channel: number) => void,
): void {
  const [channels, height, width] = axesOf<number>(dims.slice(1), layout);
  const plane = height * width;
  const [pixelStep, channelStep] = layout === 'NCHW' ? [1, plane] : [channels, 1];
  for (let image = 0; image < n; image++) {
    const start = image * channels * plane;
    for (let channel = 0; channel < channels; channel++) {
      for (let i = 0; i < plane; i++) {
        visit(start + channel * plane + i, start + channel * channelStep + i * pixelStep, channel);
      }
    }
  }
}

function fitPixels(
  set: PixelImageSet,
  model: ImageInput,
  layout: 'NCHW' | 'NHWC',
  preprocessing: Preprocessing,
): ModelInput {
  const first = set.images[0]!;
  const [c, h, w] = axesOf(model.inputDims, layout);
  const channels = c ?? channelsOf(set, preprocessing);
  const height = h ?? first.height;
  const width = w ?? first.width;
  refuseMismatch(set, { channels, height, width, open: h === undefined || w === undefined }, preprocessing);

  const { scale, mean, std } = valuesOf(preprocessing, channels, model.integerInput);
  const toInput = (pixel: number, channel: number): number => {
    // pixel * scale / 255 is exact for scale 1 (one rounding) and 255 (none); pixel / 255 * scale is not.
    const x = ((pixel * scale) / 255 - mean[channel]!) / std[channel]!;
    return model.integerInput ? Math.round(x) : x;
  };
  const plane = height * width;
  const data = new Float32Array(set.count * channels * plane);
  const [pixelStep, channelStep] = layout === 'NCHW' ? [1, plane] : [channels, 1];
  set.images.forEach((image, n) => {
    const start = n * channels * plane;
    for (let channel = 0; channel < channels; channel++) {
      const read = channelReader(image, channels, channel, preprocessing.channels);
      for (let i = 0; i < plane; i++) {
        data[start + i * pixelStep + channel * channelStep] = toInput(read(i), channel);
      }
    }
  });
  const every = Array.from({ length: channels }, (_, channel) => channel);
  return {
    dims: [set.count, ...(layout === 'NCHW' ? [channels, height, width] : [height, width, channels])],
    data,
    layout,
    labels: set.labels,
    domain: { low: every.map((channel) => toInput(0, channel)), high: every.map((channel) => toInput(255, channel)) },
  };
}

/** 8-bit value of one channel of the model at pixel i. */
function channelReader(
  image: DecodedImage,
  modelChannels: number,
  channel: number,
  order: Preprocessing['channels'],
): (i: number) => number {
  const { pixels } = image;
  if (image.channels === 1) return (i) => pixels[i]!;
  if (modelChannels === 1) {
    // Over whole numbers, so that a gray pixel keeps its value exactly.
    return (i) => (299 * pixels[3 * i]! + 587 * pixels[3 * i + 1]! + 114 * pixels[3 * i + 2]!) / 1000;
  }
  const from = order === 'bgr' ? 2 - channel : channel;
  return (i) => pixels[3 * i + from]!;
}

interface Wanted {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** The model takes any size, but all images must share one. */
  readonly open: boolean;
}

function refuseMismatch(set: PixelImageSet, wanted: Wanted, preprocessing: Preprocessing): void {
  const takes = `${wanted.height}x${wanted.width} ${kindOf(wanted.channels)}`;
  if (wanted.channels !== 1 && wanted.channels !== 3) {
    throw mismatch(
      `the model takes ${wanted.channels} channels, pictures have 1 or 3: give its input as .npy, or say --layout NHWC|NCHW if the axes were taken for one another`,
    );
  }
  const asked = preprocessing.channels;
  if (asked !== undefined && (asked === 'gray') !== (wanted.channels === 1)) {
    throw mismatch(`--channels ${asked} does not fit the model, which takes ${takes}: leave it out`);
  }
  let first = '';
  let count = 0;
  for (const image of set.images) {
    const hints: string[] = [];
    if (image.height !== wanted.height || image.width !== wanted.width) {
      hints.push(
        wanted.open ? '--resize HxW to give all images one size' : `--resize ${wanted.height}x${wanted.width}`,
      );
    }
    if (asked === undefined && image.channels !== wanted.channels && !(wanted.channels === 1 && isGray(image))) {
      hints.push(wanted.channels === 1 ? '--channels gray (luma)' : '--channels rgb (repeats the gray channel)');
    }
    if (hints.length === 0) continue;
    count++;
    first ||= `image ${image.name} is ${image.height}x${image.width} ${kindOf(image.channels)}, but ${
      wanted.open ? `the first image is ${takes} and the model needs one size` : `the model takes ${takes}`
    } (height x width): use ${hints.join(' and ')}`;
  }
  if (count > 0) throw mismatch(count > 1 ? `${first}; so for ${count} of ${set.count} images` : first);
}

function kindOf(channels: number): string {
  return channels === 1 ? 'gray (1 channel)' : channels === 3 ? 'colour (3 channels)' : `(${channels} channels)`;
}

function isGray(image: DecodedImage): boolean {
  if (image.channels === 1) return true;
  const { pixels } = image;
  for (let i = 0; i < pixels.length; i += 3) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  }
  return true;
}

/** For a model that leaves the channels open: as asked, else as the images are. */
function channelsOf(set: PixelImageSet, preprocessing: Preprocessing): 1 | 3 {
  if (preprocessing.channels !== undefined) return preprocessing.channels === 'gray' ? 1 : 3;
  return set.images.every(isGray) ? 1 : 3;
}

function valuesOf(
  preprocessing: Preprocessing,
  channels: number,
  integerInput: boolean,
): { scale: number; mean: readonly number[]; std: readonly number[] } {
  const scale = preprocessing.scale ?? (integerInput ? 255 : 1);
  if (!(scale > 0 && Number.isFinite(scale))) throw new ScanError('usage', `--scale must be above 0, not ${scale}`);
  const spread = (flag: string, values: readonly number[], valid: (value: number) => boolean): readonly number[] => {
    const bad = values.find((value) => !valid(value));
    if (bad !== undefined) throw new ScanError('usage', `${flag} cannot be ${bad}`);
    if (values.length !== 1 && values.length !== channels) {
      throw mismatch(
        `${flag} has ${values.length} values, but the model has ${channels} channels: give 1 or ${channels}`,
      );
    }
    return Array.from({ length: channels }, (_, channel) => values[values.length === 1 ? 0 : channel]!);
  };
  return {
    scale,
    mean: spread('--mean', preprocessing.mean ?? [0], Number.isFinite),
    std: spread('--std', preprocessing.std ?? [1], (value) => value > 0 && Number.isFinite(value)),
  };
}

function fitRaw(set: RawImageSet, model: ImageInput, layout: 'NCHW' | 'NHWC'): ModelInput {
  const [count, ...dims] = set.dims;
  const fits = dims.length === 3 && model.inputDims.every((dim, axis) => dim === undefined || dim === dims[axis]);
  if (!fits) {
    throw mismatch(
      `the images file holds ${shape(set.dims)}, but the model takes ${shape(['N', ...model.inputDims])}: save its input in exactly that shape`,
    );
  }
  return { dims: [count!, ...dims], data: set.data, layout, labels: set.labels, domain: rawDomain(set, layout) };
}

/** What black and white are in model input that came as it is: a convention if the values follow one, else their range. */
function rawDomain(set: RawImageSet, layout: 'NCHW' | 'NHWC'): ModelInput['domain'] {
  const [channels, height, width] = axesOf<number>(set.dims.slice(1), layout);
  const plane = height * width;
  const low = Array.from({ length: channels }, () => Number.POSITIVE_INFINITY);
  const high = Array.from({ length: channels }, () => Number.NEGATIVE_INFINITY);
  let whole = true;
  for (let i = 0; i < set.data.length; i++) {
    const value = set.data[i]!;
    const channel = layout === 'NCHW' ? Math.floor(i / plane) % channels : i % channels;
    if (value < low[channel]!) low[channel] = value;
    if (value > high[channel]!) high[channel] = value;
    whole &&= Number.isInteger(value);
  }
  const least = Math.min(...low);
  const most = Math.max(...high);
  const all = (value: number): number[] => low.map(() => value);
  if (least >= 0 && most <= 1) return { low: all(0), high: all(1) };
  if (least >= 0 && most <= 255 && whole) return { low: all(0), high: all(255) };
  return { low, high: high.map((value, channel) => (value > low[channel]! ? value : low[channel]! + 1)) };
}

/** Extents in the order channels, height, width. */
export function axesOf<T>(dims: readonly T[], layout: 'NCHW' | 'NHWC'): [T, T, T] {
  const [a, b, c] = dims as readonly [T, T, T];
  return layout === 'NCHW' ? [a, b, c] : [c, a, b];
}

function shape(dims: readonly (number | string | undefined)[]): string {
  return `[${dims.map((dim) => dim ?? '?').join(', ')}]`;
}

function mismatch(message: string): ScanError {
  return new ScanError('images-mismatch', message);
}
