import { engineNames, providerNames, type EngineName, type ProviderName } from '../../../adapters/engines/names.js';
import type { Option, OptionTable } from './option.js';
import { oneOf } from './option.js';
import { byteSize, duration } from './quantities.js';

const size = 'a size such as 512MiB or 2GiB';

export const modelOptions = {
  inputName: {
    group: 'Model',
    description: 'The image input, for models where it cannot be told.',
    kind: 'text',
    value: 'NAME',
    expects: 'the name of a model input',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
  logitsName: {
    group: 'Model',
    description: 'The value that holds the logits, for models where it cannot be told.',
    kind: 'text',
    value: 'NAME',
    expects: 'the name of a value in the model',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
  maxModelSize: {
    group: 'Model',
    description: 'Refuse models whose files are larger in all.',
    kind: 'text',
    value: 'SIZE',
    expects: size,
    default: '2GiB',
    schema: byteSize,
  } satisfies Option<number>,
} as const satisfies OptionTable;

export const engineOptions = {
  engine: {
    group: 'Engine',
    description: 'What computes; both give the same verdicts, onnxruntime is the faster one.',
    value: 'NAME',
    default: 'onnxruntime',
    ...oneOf(engineNames),
  } satisfies Option<EngineName>,
  provider: {
    group: 'Engine',
    description:
      'Where to compute: cpu, cuda or webgpu with onnxruntime; gpu, node, wasm or cpu with tfjs; auto takes the fastest one that works. `neuroninspect doctor` lists them.',
    value: 'NAME',
    defaultText: 'cpu with onnxruntime, auto with tfjs',
    ...oneOf(providerNames),
    schema: (z) => z.enum(providerNames).optional(),
  } satisfies Option<ProviderName | undefined>,
  workers: {
    group: 'Engine',
    description: 'How many engine processes run side by side.',
    kind: 'number',
    value: 'N',
    expects: 'a whole number from 1 to 256',
    defaultText: 'one per core',
    schema: (z) => z.int().min(1).max(256).optional(),
  } satisfies Option<number | undefined>,
  maxMemory: {
    group: 'Engine',
    description: 'Memory the tensors of one engine run may take, per worker; large scans are cut to fit.',
    kind: 'text',
    value: 'SIZE',
    expects: size,
    default: '1GiB',
    schema: byteSize,
  } satisfies Option<number>,
  timeout: {
    group: 'Engine',
    description: 'Give up on a model after this time.',
    kind: 'text',
    value: 'TIME',
    expects: 'a time such as 90s, 10m or 1h',
    default: '1h',
    schema: duration,
  } satisfies Option<number>,
} as const satisfies OptionTable;

export const cacheOptions = {
  cache: {
    group: 'Other',
    description: 'Scan again even where a result is known, and keep none.',
    kind: 'boolean',
    expects: 'true or false',
    default: true,
    schema: (z) => z.boolean(),
  } satisfies Option<boolean>,
  cacheDir: {
    group: 'Other',
    description: 'Where results are kept.',
    kind: 'text',
    value: 'DIR',
    expects: 'a path',
    defaultText: 'neuroninspect in $XDG_CACHE_HOME or ~/.cache',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
  cacheSize: {
    group: 'Other',
    description: 'Disk space the results may take; those used longest ago are dropped.',
    kind: 'text',
    value: 'SIZE',
    expects: size,
    default: '256MiB',
    schema: byteSize,
  } satisfies Option<number>,
} as const satisfies OptionTable;
