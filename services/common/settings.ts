import { z } from 'zod';
import { ScanError } from '../../core/scan/errors.js';
import { redactCredentials } from './redact.js';

/**
 * Settings come from the environment: `kafkaBrokers` from `NEURONINSPECT_KAFKA_BROKERS`. A description says what belongs
 * there and is part of the message when something else is found.
 */
export const commonSettings = {
  httpHost: text('the address to listen on').default('127.0.0.1'),
  httpPort: wholeNumber(0, 65_535, 'a port; 0 takes any').default(0),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'no such level')
    .describe('one of trace, debug, info, warn, error, fatal')
    .default('info'),
  otlpEndpoint: url(['http', 'https'], 'the URL of an OpenTelemetry collector, like http://collector:4318').optional(),
  drainSeconds: wholeNumber(0, 86_400, 'seconds between the first signal and the end').default(30),
};

export const kafkaSettings = {
  kafkaBrokers: z
    .string()
    .transform((value) => value.split(',').map((address) => address.trim()))
    .refine((addresses) => addresses.every(isAddress), 'must hold host:port, several separated by commas')
    .describe('the brokers as host:port, separated by commas'),
  kafkaPrefix: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/, 'must consist of at most 100 letters, digits, dots, dashes and underscores')
    .describe('what the names of topics and groups start with')
    .default('neuroninspect'),
  kafkaPartitions: wholeNumber(2, 10_000, 'partitions of the topics that are not there yet').default(12),
};

export const temporalSettings = {
  temporalAddress: z.string().refine(isAddress, 'must be host:port').describe('the address of Temporal as host:port'),
  temporalNamespace: text('a namespace of Temporal').default('default'),
};

export const databaseSettings = {
  databaseUrl: url(['postgres', 'postgresql'], 'the URL of a database, like postgres://user@host:5432/neuroninspect'),
};

export const objectStoreSettings = {
  objectStore: url(
    ['file', 's3'],
    'the URL of an object store, like file:///var/lib/neuroninspect or s3://bucket/prefix',
  ),
};

/** @throws ScanError `usage` with one line per setting that is missing or wrong. */
export function readSettings<T extends z.ZodObject>(schema: T, env: NodeJS.ProcessEnv): z.output<T> {
  const values = Object.fromEntries(
    Object.keys(schema.shape)
      .map((key) => [key, env[variableOf(key)]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => {
    const key = String(issue.path[0]);
    const description = descriptionOf((schema.shape as Record<string, z.core.$ZodType>)[key]);
    const value = values[key];
    return value === undefined
      ? `${variableOf(key)} is not set; it must hold ${description}`
      : `${variableOf(key)} is ${JSON.stringify(redactCredentials(value))}: ${issue.message}; it holds ${description}`;
  });
  throw new ScanError('usage', [...new Set(lines)].join('\n'));
}

export function wholeNumber(min: number, max: number, description: string) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .describe(description);
}

export function text(description: string) {
  return z.string().max(1000, 'is longer than 1000 characters').describe(description);
}

export function url(protocols: readonly string[], description: string) {
  return z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol.slice(0, -1)),
      `must be a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
    )
    .describe(description);
}

export function variableOf(key: string): string {
  return `NEURONINSPECT_${key.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}

function isAddress(value: string): boolean {
  const port = Number(/^(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(value)?.[1]);
  return port >= 1 && port <= 65_535;
}

/** Of the schema itself or of what `optional` and `default` wrap. */
function descriptionOf(schema: z.core.$ZodType | undefined): string {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return schema.description ?? descriptionOf(schema.unwrap());
  }
  return (schema as z.ZodType | undefined)?.description ?? 'something else';
}
