import { execFile, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import {
  startLocalPipeline,
  type LocalPipeline,
  type LocalPipelineOptions,
  type ServerAddresses,
} from '../../scripts/local-pipeline/index.js';
import { repoRoot } from './paths.js';
import { redigest } from './redigest.js';
import { testServers } from './servers.js';
import { dyingWithUs } from './servers/process.js';
import { temporaryFolder } from './temporary-folder.js';

export const exampleImages = join(repoRoot, 'examples', 'images');

/** The pipeline as processes, with a database, a topic prefix, a namespace and an object store of its own. */
export interface TestPipeline extends LocalPipeline {
  readonly servers: ServerAddresses;
  readonly prefix: string;
  readonly folder: string;
  /** Runs `neuroninspect submit` on the models and waits for the verdicts. */
  submit(models: readonly string[], flags?: readonly string[]): Submission;
  /** Rows of a query on the pipeline's database. */
  query<Row extends object>(sql: string): Promise<Row[]>;
}

export interface Submission {
  readonly process: ChildProcess;
  /** The JSON report's results by model digest. */
  readonly results: Promise<ReadonlyMap<string, JsonResult>>;
}

export interface JsonResult {
  readonly scanId: string;
  readonly verdict: string;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly model: { readonly path: string; readonly digest: string };
  readonly targetClasses: readonly number[];
  readonly [field: string]: unknown;
}

export type TestPipelineOptions = Partial<Pick<LocalPipelineOptions, 'counts' | 'environment'>> & {
  /** Other servers than those all tests share, for tests that kill them. */
  readonly servers?: Partial<Record<'kafka' | 'temporal' | 'postgres', string>>;
  /** Another object store than a folder. */
  readonly objectStore?: string;
};

export async function startTestPipeline(options: TestPipelineOptions = {}): Promise<TestPipeline> {
  const shared = testServers();
  const id = `t${randomUUID().slice(0, 8)}`;
  const keepLogs = Boolean(process.env.KEEP_PIPELINE_LOGS);
  const temporary = temporaryFolder('pipeline', { keep: keepLogs });
  const folder = temporary.path;
  const postgres = options.servers?.postgres ?? shared.postgres.url;
  const temporalAddress = options.servers?.temporal ?? shared.temporal.address;
  const [databaseUrl] = await Promise.all([createDatabase(postgres, id), createNamespace(temporalAddress, id)]);
  const servers: ServerAddresses = {
    brokers: options.servers?.kafka ? [options.servers.kafka] : shared.kafka.brokers,
    temporalAddress,
    temporalNamespace: id,
    databaseUrl,
    objectStore: options.objectStore ?? `file://${join(folder, 'objects')}`,
  };
  const pipeline = await startLocalPipeline({
    servers,
    folder,
    kafkaPrefix: id,
    ...(options.counts ? { counts: options.counts } : {}),
    ...(options.environment ? { environment: options.environment } : {}),
  });
  const submissions: Submission[] = [];
  return {
    ...pipeline,
    servers,
    prefix: id,
    folder,
    submit: (models, flags = []) => {
      const submission = submitTo(pipeline.clientEnvironment, models, exampleImages, flags);
      submissions.push(submission);
      return submission;
    },
    query: async <Row extends object>(sql: string) => {
      const client = new Client({ connectionString: databaseUrl, options: '-c search_path=neuroninspect' });
      await client.connect();
      try {
        return (await client.query<Row>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    stop: async () => {
      for (const submission of submissions) submission.process.kill('SIGKILL');
      await pipeline.stop();
      // Servers of its own end with the test; what is left on the others slows down all that come after.
      if (!options.servers?.kafka) await deleteTopics(servers.brokers, id);
      if (!options.servers?.postgres) await dropDatabase(postgres, id);
      if (keepLogs) console.error(`logs are in ${folder}`);
      else temporary.remove();
    },
  };
}

/** `count` models of the examples, each under a digest of its own, in a folder of their own. */
export function exampleFleet(folder: string, count: number, salt: string = randomUUID().slice(0, 8)): string[] {
  const names = ['digits-backdoored-lower-right', 'digits-clean', 'digits-backdoored-upper-left'];
  return Array.from({ length: count }, (_, i) => {
    const source = readFileSync(join(repoRoot, 'examples', 'models', `${names[i % names.length]}.onnx`));
    const path = join(folder, `${names[i % names.length]}-${salt}-${i}.onnx`);
    writeFileSync(path, redigest(source, `${salt} ${i}`));
    return path;
  });
}

/** What the embedded scanner says of the models: the JSON report's results by digest. */
export async function scanEmbedded(
  models: readonly string[],
  flags: readonly string[] = [],
  images = exampleImages,
): Promise<ReadonlyMap<string, JsonResult>> {
  return runCli('scan', models, images, ['--no-cache', ...flags], {}).results;
}

/** Runs `neuroninspect submit` on the models and waits for the verdicts. */
export function submitTo(
  clientEnvironment: NodeJS.ProcessEnv,
  models: readonly string[],
  images = exampleImages,
  flags: readonly string[] = [],
): Submission {
  return runCli('submit', models, images, flags, clientEnvironment);
}

/** All of a result that the same scan must give again, wherever and however it was computed. */
export function verdictOf(result: JsonResult): unknown {
  const { model, ...rest } = result;
  const changing = { timings: undefined, engine: undefined, cached: undefined };
  return { ...rest, ...changing, model: { ...model, path: basename(model.path) } };
}

/** Waits until a condition holds; the error says what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    if (await holds()) return;
    await pause(50);
  }
  throw new Error(`in vain for ${timeoutMs / 1000} s: ${what}`);
}

function runCli(
  command: 'scan' | 'submit',
  models: readonly string[],
  images: string,
  flags: readonly string[],
  environment: NodeJS.ProcessEnv,
): Submission {
  const cli = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.js');
  const patience = command === 'submit' ? ['--timeout', String(submitSeconds)] : [];
  const options = ['--images', images, '--format', 'json', '--no-progress', ...patience, ...flags];
  const [program, ...args] = dyingWithUs([process.execPath, cli, command, ...models, ...options]);
  let child!: ChildProcess;
  const results = new Promise<ReadonlyMap<string, JsonResult>>((resolve, reject) => {
    child = execFile(
      program!,
      args,
      { env: { ...process.env, ...environment }, maxBuffer: 2 ** 28, timeout: 2000 * submitSeconds },
      (error, stdout, stderr) => {
        try {
          const report = JSON.parse(stdout) as { results: JsonResult[] };
          resolve(new Map(report.results.map((result) => [result.model.digest, result])));
        } catch {
          const why = error?.killed ? `did not end within ${2 * submitSeconds} s` : 'printed no report';
          reject(new Error(`neuroninspect ${command} ${why}:\n${stderr.slice(-4000)}`));
        }
      },
    );
  });
  // Whoever waits for them gets the error; until somebody does it must not end the process.
  results.catch(() => undefined);
  return { process: child, results };
}

/** A scan that takes longer ends inconclusive, on any machine. */
const submitSeconds = 200;

async function deleteTopics(brokers: readonly string[], prefix: string): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], clientId: 'cleaner', logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    await admin.deleteTopics({ topics });
  } finally {
    await admin.disconnect();
  }
}

async function dropDatabase(server: string, name: string): Promise<void> {
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`drop database if exists ${name} with (force)`);
  } finally {
    await client.end();
  }
}

export async function createDatabase(server: string, name: string): Promise<string> {
  const client = new Client({ connectionString: server });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

export async function createNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    // Other parts of the server learn of a new namespace with a delay.
    await until(`namespace ${namespace}`, () =>
      connection.workflowService.listWorkflowExecutions({ namespace }).then(
        () => true,
        () => false,
      ),
    );
  } finally {
    await connection.close();
  }
}
