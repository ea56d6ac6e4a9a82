import { clusterOptions } from './cluster.js';
import { cacheOptions, engineOptions, modelOptions } from './engine.js';
import { imageOptions, preprocessingOptions } from './images.js';
import { detectionOptions, outputOptions } from './output.js';
import { explainOnlyOptions } from './explain.js';
import { inspectOptions } from './inspect.js';
import type { Option, SettingsOf } from './option.js';

export const configOption: Option<string | undefined> = {
  group: 'Other',
  description: 'Settings file; its keys are the names of the flags.',
  kind: 'text',
  value: 'FILE',
  short: 'c',
  expects: 'a path',
  defaultText: 'neuroninspect.yaml where there is one',
  schema: (z) => z.string().min(1).optional(),
};

export const scanOptions = {
  ...imageOptions,
  ...preprocessingOptions,
  ...modelOptions,
  ...detectionOptions,
  ...outputOptions,
  ...engineOptions,
  ...cacheOptions,
} as const;
export type ScanSettings = SettingsOf<typeof scanOptions>;

export const submitOptions = {
  ...imageOptions,
  ...preprocessingOptions,
  ...modelOptions,
  ...detectionOptions,
  ...outputOptions,
  maxMemory: { ...engineOptions.maxMemory, group: 'Pipeline' } satisfies Option<number>,
  timeout: { ...engineOptions.timeout, group: 'Pipeline' } satisfies Option<number>,
  ...clusterOptions,
} as const;
export type SubmitSettings = SettingsOf<typeof submitOptions>;

export const explainOptions = {
  ...imageOptions,
  ...explainOnlyOptions,
  ...preprocessingOptions,
  ...modelOptions,
  ...engineOptions,
} as const;
export type ExplainSettings = SettingsOf<typeof explainOptions>;

export { inspectOptions };
export type InspectSettings = SettingsOf<typeof inspectOptions>;

export const doctorOptions = {
  format: {
    group: 'Output',
    description: 'Format of the answer.',
    kind: 'text',
    value: 'FORMAT',
    short: 'f',
    choices: ['table', 'json'],
    expects: 'one of table, json',
    default: 'table',
    flagOnly: true,
    schema: (z) => z.enum(['table', 'json']),
  } satisfies Option<'table' | 'json'>,
  cacheDir: cacheOptions.cacheDir,
} as const;

/** Every option that a config file and the environment may set. */
export const configurableOptions = { ...scanOptions, ...clusterOptions } as const;
