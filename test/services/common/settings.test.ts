import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { ScanError } from '../../../core/scan/errors.js';
import {
  commonSettings,
  databaseSettings,
  kafkaSettings,
  objectStoreSettings,
  readSettings,
  temporalSettings,
  variableOf,
  wholeNumber,
} from '../../../services/common/settings.js';
import { workerSettings } from '../../../services/worker/settings.js';
import { repoRoot } from '../../support/paths.js';

const schema = z.object({
  ...commonSettings,
  ...kafkaSettings,
  ...temporalSettings,
  ...databaseSettings,
  ...objectStoreSettings,
  cacheSize: wholeNumber(1, 100, 'a size').default(5),
});
const required = {
  NEURONINSPECT_KAFKA_BROKERS: 'one:9092, [::1]:9093',
  NEURONINSPECT_TEMPORAL_ADDRESS: 'temporal:7233',
  NEURONINSPECT_DATABASE_URL: 'postgres://user@db/neuroninspect',
  NEURONINSPECT_OBJECT_STORE: 's3://models/scans?region=eu',
};

test('what nobody sets has the documented default', () => {
  assert.deepEqual(readSettings(schema, required), {
    httpHost: '127.0.0.1',
    httpPort: 0,
    logLevel: 'info',
    drainSeconds: 30,
    kafkaBrokers: ['one:9092', '[::1]:9093'],
    kafkaPrefix: 'neuroninspect',
    kafkaPartitions: 12,
    temporalAddress: 'temporal:7233',
    temporalNamespace: 'default',
    databaseUrl: 'postgres://user@db/neuroninspect',
    objectStore: 's3://models/scans?region=eu',
    cacheSize: 5,
  });
});

test('docs/pipeline.md says what every variable holds', () => {
  const page = readFileSync(join(repoRoot, 'docs', 'pipeline.md'), 'utf8');
  const settings = { ...kafkaSettings, ...temporalSettings, ...databaseSettings, ...workerSettings.shape };
  for (const key of Object.keys(settings)) assert.ok(page.includes(`| \`${variableOf(key)}\``), variableOf(key));
});

test('an empty variable counts as one that is not set, as in a manifest with a value left out', () => {
  const settings = readSettings(schema, { ...required, NEURONINSPECT_HTTP_PORT: '', NEURONINSPECT_OTLP_ENDPOINT: '' });
  assert.equal(settings.httpPort, 0);
  assert.equal(settings.otlpEndpoint, undefined);
});

test('all wrong settings are named at once, each with what belongs there', () => {
  assert.deepEqual(
    messages({
      ...required,
      NEURONINSPECT_DATABASE_URL: undefined,
      NEURONINSPECT_DRAIN_SECONDS: '-1',
      NEURONINSPECT_CACHE_SIZE: '101',
      NEURONINSPECT_LOG_LEVEL: 'loud',
      NEURONINSPECT_KAFKA_BROKERS: 'one:9092,two',
    }),
    [
      'NEURONINSPECT_LOG_LEVEL is "loud": no such level; it holds one of trace, debug, info, warn, error, fatal',
      'NEURONINSPECT_DRAIN_SECONDS is "-1": must be a whole number from 0 to 86400; it holds seconds between the first signal and the end',
      'NEURONINSPECT_KAFKA_BROKERS is "one:9092,two": must hold host:port, several separated by commas; it holds the brokers as host:port, separated by commas',
      'NEURONINSPECT_DATABASE_URL is not set; it must hold the URL of a database, like postgres://user@host:5432/neuroninspect',
      'NEURONINSPECT_CACHE_SIZE is "101": must be a whole number from 1 to 100; it holds a size',
    ],
  );
});

test('a message about a URL does not print its password', () => {
  const [line] = messages({ ...required, NEURONINSPECT_DATABASE_URL: 'mysql://user:hunter2@db/scans' });
  assert.match(line ?? '', /^NEURONINSPECT_DATABASE_URL is "mysql:\/\/user:\*\*\*@db\/scans": must be a URL/);
});

for (const [name, value] of [
  ['KAFKA_BROKERS', 'kafka'],
  ['KAFKA_BROKERS', 'kafka:0'],
  ['KAFKA_BROKERS', 'kafka:65536'],
  ['KAFKA_BROKERS', 'http://kafka:9092'],
  ['KAFKA_BROKERS', 'one:9092,'],
  ['KAFKA_PREFIX', 'a b'],
  ['KAFKA_PREFIX', 'a'.repeat(101)],
  ['TEMPORAL_ADDRESS', 'temporal'],
  ['OBJECT_STORE', '/var/lib/neuroninspect'],
  ['OTLP_ENDPOINT', 'collector:4318'],
  ['HTTP_PORT', '80.5'],
  ['HTTP_PORT', '0x50'],
  ['HTTP_PORT', ' 80'],
] as const) {
  test(`${name}=${value.slice(0, 30)} is refused`, () => {
    const lines = messages({ ...required, [`NEURONINSPECT_${name}`]: value });
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.startsWith(`NEURONINSPECT_${name} is `), lines[0]);
  });
}

function messages(env: NodeJS.ProcessEnv): string[] {
  try {
    readSettings(schema, env);
  } catch (error) {
    assert.ok(error instanceof ScanError);
    assert.equal(error.code, 'usage');
    return error.message.split('\n');
  }
  assert.fail('nothing was refused');
}
