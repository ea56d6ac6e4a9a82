export { startKafka } from './servers/kafka.js';
export { startPostgres } from './servers/postgres.js';
export type { Server, ServerOptions } from './servers/process.js';
export { startS3, type S3Server } from './servers/s3.js';
export { startTemporal } from './servers/temporal.js';

/** The variables that hold the addresses of servers the tests share; `npm test` sets those it needs. */
export const serverVariables = {
  kafka: 'NEURONINSPECT_TEST_KAFKA',
  temporal: 'NEURONINSPECT_TEST_TEMPORAL',
  postgres: 'NEURONINSPECT_TEST_POSTGRES',
  s3: 'NEURONINSPECT_TEST_S3',
  temporalTestServer: 'NEURONINSPECT_TEST_TEMPORAL_TEST_SERVER',
  tfjsNode: 'NEURONINSPECT_TEST_TFJS_NODE',
} as const;

export type ServerName = keyof typeof serverVariables;

export interface TestServers {
  readonly kafka: { readonly brokers: string[] };
  readonly temporal: { readonly address: string };
  readonly postgres: { readonly url: string };
  readonly s3: S3Account;
  /** For `TestWorkflowEnvironment.createTimeSkipping`: its `executable` of type `existing-path`. */
  readonly temporalTestServer: { readonly executable: string };
  /** No server: the native library of TensorFlow.js, `lib` and `deps` as its package has them. */
  readonly tfjsNode: { readonly folder: string };
}

export interface S3Account {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Addresses of the servers that tests share. Every test makes its own topic prefix, database, bucket or task queue there
 * and leaves the servers running; a test that kills a server starts its own with `startKafka` and the like.
 * A server is asked for when its property is read.
 */
export function testServers(): TestServers {
  return {
    get kafka() {
      return { brokers: address('kafka').split(',') };
    },
    get temporal() {
      return { address: address('temporal') };
    },
    get postgres() {
      return { url: address('postgres') };
    },
    get s3() {
      return s3Account(address('s3'));
    },
    get temporalTestServer() {
      return { executable: address('temporalTestServer') };
    },
    get tfjsNode() {
      return { folder: address('tfjsNode') };
    },
  };
}

/** `http://KEY:SECRET@host:port` */
export function s3Account(url: string): S3Account {
  const { protocol, host, username, password } = new URL(url);
  return {
    endpoint: `${protocol}//${host}`,
    region: 'us-east-1',
    accessKeyId: decodeURIComponent(username),
    secretAccessKey: decodeURIComponent(password),
  };
}

function address(name: ServerName): string {
  const variable = serverVariables[name];
  const value = process.env[variable];
  if (!value) {
    throw new Error(`${variable} is not set: run this file with "npm test -- PATH", which starts what it needs`);
  }
  return value;
}
