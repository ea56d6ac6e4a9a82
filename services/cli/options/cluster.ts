import type { Option, OptionTable } from './option.js';
import { oneOf } from './option.js';

/** Where the pipeline is, and how to wait for it. */
export const clusterOptions = {
  objectStore: {
    group: 'Pipeline',
    description: 'Object store of the pipeline: s3://bucket/prefix?endpoint=http://host:9000, or file:///folder.',
    kind: 'text',
    value: 'URL',
    expects: 'an address that starts with s3:// or file:///',
    schema: (z) => z.string().min(1).optional(),
  } satisfies Option<string | undefined>,
  temporalAddress: {
    group: 'Pipeline',
    description: 'Temporal server of the pipeline.',
    kind: 'text',
    value: 'HOST:PORT',
    expects: 'HOST:PORT such as temporal.example:7233',
    schema: (z) =>
      z
        .string()
        .regex(/^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):[1-9]\d{0,4}$/)
        .optional(),
  } satisfies Option<string | undefined>,
  temporalNamespace: {
    group: 'Pipeline',
    description: 'Namespace of the Temporal server.',
    kind: 'text',
    value: 'NAME',
    expects: 'the name of a namespace',
    default: 'default',
    schema: (z) => z.string().min(1).max(1000),
  } satisfies Option<string>,
  lane: {
    group: 'Pipeline',
    description: 'gate where somebody waits for the verdict, fleet for what may take the night.',
    value: 'LANE',
    default: 'gate',
    ...oneOf(['gate', 'fleet']),
  } satisfies Option<'gate' | 'fleet'>,
  wait: {
    group: 'Pipeline',
    description: 'Print the ids of the scans instead of waiting for the verdicts.',
    kind: 'boolean',
    expects: 'true or false',
    default: true,
    schema: (z) => z.boolean(),
  } satisfies Option<boolean>,
} as const satisfies OptionTable;
