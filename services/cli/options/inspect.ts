import { engineOptions, modelOptions } from './engine.js';
import { imageOptions, preprocessingOptions } from './images.js';
import type { Option, OptionTable } from './option.js';
import { oneOf } from './option.js';
import { detectionOptions, outputOptions } from './output.js';

/** What a scan would be given, as far as it matters without images. */
export const inspectOptions = {
  imageCount: { ...imageOptions.imageCount, description: 'How many images the scan would use.' } satisfies Option<
    number | undefined
  >,
  layout: preprocessingOptions.layout,
  resize: {
    ...preprocessingOptions.resize,
    description: 'HEIGHTxWIDTH of the images the scan would use, for models that take any.',
    defaultText: '224x224 where the model leaves it open',
  } satisfies Option<[number, number] | undefined>,
  ...modelOptions,
  profile: detectionOptions.profile,
  format: {
    group: 'Output',
    description: 'Format of the answer.',
    value: 'FORMAT',
    short: 'f',
    default: 'table',
    flagOnly: true,
    ...oneOf(['table', 'json']),
  } satisfies Option<'table' | 'json'>,
  color: outputOptions.color,
  workers: engineOptions.workers,
  maxMemory: engineOptions.maxMemory,
  timeout: engineOptions.timeout,
} as const satisfies OptionTable;
