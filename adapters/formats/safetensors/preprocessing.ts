import type { ModelFiles } from '../../../core/ports/model-format.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { StatedPreprocessing } from '../../../core/scan/stated-preprocessing.js';
import { configFile, maxConfigBytes, readJson } from './files.js';
import { isObject, ownField } from './json.js';

/** Of Transformers' image processor; timm keeps the same in config.json. */
const processorFile = 'preprocessor_config.json';

/**
 * What the image processor of Transformers, or timm's `pretrained_cfg`, makes of pixels. Undefined where neither is there.
 * @throws ScanError `model-malformed`, `model-unsupported-format`.
 */
export function preprocessingOf(files: ModelFiles): StatedPreprocessing | undefined {
  if (files.has(processorFile)) return ofProcessor(readJson(files, processorFile, maxProcessorBytes), files);
  return files.has(configFile) ? ofTimm(readJson(files, configFile, maxConfigBytes), files) : undefined;
}

const maxProcessorBytes = 2 ** 20;

/**
 * x = (p * rescale_factor - image_mean) / image_std, p being 0..255; each step may be off. EfficientNet's processor may
 * subtract 1 behind the first step (rescale_offset), and divides by the deviation once more (include_top).
 * Source: transformers/image_processing_backends.py, transformers/models/efficientnet/image_processing_efficientnet.py
 */
function ofProcessor(json: Record<string, unknown>, files: ModelFiles): StatedPreprocessing {
  const read = reader(json, files.title(processorFile));
  const kind = `${read.text('image_processor_type')} ${read.text('feature_extractor_type')}`;
  const [efficient, mobileVit] = [/\bEfficientNet/.test(kind), /\bMobileViT/.test(kind)];
  const rescaled = read.flag('do_rescale', true);
  const factor = rescaled ? read.number('rescale_factor', 1 / 255, (value) => value > 0) : 1;
  const offset = rescaled && read.flag('rescale_offset', false) ? 1 : 0;
  const normalised = read.flag('do_normalize', !mobileVit);
  const twice = read.flag('include_top', efficient);
  const flipped = read.flag('do_flip_channel_order', mobileVit);
  const std = normalised || twice ? read.numbers('image_std', (value) => value > 0) : [1];
  const mean = normalised ? read.numbers('image_mean', Number.isFinite) : [0];
  if (flipped && (mean.length > 1 || std.length > 1)) {
    throw read.refused('model-unsupported-format', 'do_flip_channel_order together with do_normalize is not supported');
  }
  // (p * f - o - m) / s / s' = (p * f - (o + m)) / (s s')
  const first = normalised ? std : [1];
  return {
    file: processorFile,
    scale: nearOne(factor * 255),
    mean: mean.map((value) => value + offset),
    std: twice ? std.map((value, i) => value * (first[i] ?? first[0]!)) : first,
    ...(flipped ? { channels: 'bgr' as const } : {}),
    ...sizeIn(ownField(json, read.flag('do_center_crop', false) ? 'crop_size' : 'size')),
  };
}

function ofTimm(json: Record<string, unknown>, files: ModelFiles): StatedPreprocessing | undefined {
  const config = ownField(json, 'pretrained_cfg');
  if (!isObject(config) || ownField(config, 'mean') === undefined || ownField(config, 'std') === undefined) {
    return undefined;
  }
  const read = reader(config, `${files.title(configFile)}: pretrained_cfg`);
  const input = ownField(config, 'input_size');
  return {
    file: configFile,
    scale: 1,
    mean: read.numbers('mean', Number.isFinite),
    std: read.numbers('std', (value) => value > 0),
    ...sizeIn(
      Array.isArray(input) && input.length === 3
        ? { height: input[1] as unknown, width: input[2] as unknown }
        : undefined,
    ),
  };
}

/** What 1 / 255 in decimal digits times 255 should be. */
function nearOne(scale: number): number {
  return Math.abs(scale - 1) < 1e-6 ? 1 : scale;
}

/** Of a size that names both sides; by the shortest edge alone none follows. */
function sizeIn(value: unknown): { size?: readonly [number, number] } {
  const sides = isObject(value) ? [ownField(value, 'height'), ownField(value, 'width')] : [value, value];
  const [height, width] = sides as [unknown, unknown];
  return isSide(height) && isSide(width) ? { size: [height, width] } : {};
}

function isSide(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 16_384;
}

interface Reader {
  text(key: string): string;
  flag(key: string, fallback: boolean): boolean;
  number(key: string, fallback: number, valid: (value: number) => boolean): number;
  /** One value per channel, or one for all. */
  numbers(key: string, valid: (value: number) => boolean): readonly number[];
  refused(code: 'model-malformed' | 'model-unsupported-format', what: string): ScanError;
}

function reader(json: Record<string, unknown>, title: string): Reader {
  const refused: Reader['refused'] = (code, what) =>
    new ScanError(
      code,
      `${title}: ${what}. To say yourself what the model was trained with, give --scale, --mean and --std`,
    );
  const wrong = (key: string, wanted: string): ScanError => {
    const value = ownField(json, key);
    const shown = value === undefined ? 'missing' : JSON.stringify(value);
    return refused('model-malformed', `${key} is ${shown.slice(0, 80)}, but has to be ${wanted}`);
  };
  const bounded = (value: unknown, valid: (value: number) => boolean): value is number =>
    typeof value === 'number' && Math.abs(value) <= 1e6 && valid(value);
  return {
    refused,
    text: (key) => {
      const value = ownField(json, key);
      return typeof value === 'string' ? value : '';
    },
    flag: (key, fallback) => {
      const value = ownField(json, key) ?? fallback;
      if (typeof value === 'boolean') return value;
      throw wrong(key, 'true or false');
    },
    number: (key, fallback, valid) => {
      const value = ownField(json, key) ?? fallback;
      if (bounded(value, valid)) return value;
      throw wrong(key, 'a number above 0');
    },
    numbers: (key, valid) => {
      const value = ownField(json, key);
      const list: unknown[] = Array.isArray(value) ? value : [value];
      if (list.length >= 1 && list.length <= 4 && list.every((item) => bounded(item, valid))) return list;
      throw wrong(key, key.endsWith('std') ? 'one to four numbers above 0' : 'one to four numbers');
    },
  };
}
