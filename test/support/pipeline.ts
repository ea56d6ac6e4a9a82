import { execFile, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
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
  const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-pipeline-'));
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
  return {
    ...pipeline,
    servers,
    prefix: id,
    folder,
    submit: (models, flags = []) => submitTo(pipeline.clientEnvironment, models, exampleImages, flags),
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
      await pipeline.stop();
      if (process.env.KEEP_PIPELINE_LOGS) console.error(`logs are in ${folder}`);
      else rmSync(folder, { recursive: true, force: true });
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
  const { timings, engine, cached, model, ...rest } = result;
  void [timings, engine, cached];
  return { ...rest, model: { ...model, path: basename(model.path) } };
}

/** Waits until a condition holds; the error says what was waited for. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await pause(50)) if (await holds()) return;
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
  const args = [cli, command, ...models, '--images', images, '--format', 'json', '--no-progress', ...flags];
  let child!: ChildProcess;
  const results = new Promise<ReadonlyMap<string, JsonResult>>((resolve, reject) => {
    child = execFile(
      process.execPath,
      args,
      { env: { ...process.env, ...environment }, maxBuffer: 2 ** 28 },
      (_error, stdout, stderr) => {
        try {
          const report = JSON.parse(stdout) as { results: JsonResult[] };
          resolve(new Map(report.results.map((result) => [result.model.digest, result])));
        } catch {
          reject(new Error(`neuroninspect ${command} printed no report:\n${stderr.slice(-4000)}`));
        }
      },
    );
  });
  return { process: child, results };
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
