/**
 * A fleet of small models through the whole pipeline on real Kafka, Temporal and PostgreSQL of this machine, beside the
 * embedded scanner on the same models.
 *
 * Usage: npm run bench:pipeline -- [--models 200] [--zoo FOLDER] [--output FILE.json]
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { Client } from 'pg';
import { createDatabase, createNamespace, verdictOf, type JsonResult } from '../../test/support/pipeline.js';
import { sharedDir } from '../../test/support/paths.js';
import { startKafka, startPostgres, startTemporal } from '../../test/support/servers.js';
import { storageOf } from './storage.js';
import { startLocalPipeline, type LocalPipeline } from '../../scripts/local-pipeline/index.js';
import { usageOf } from '../process-tree.js';
import { makeFleet, warmUps, type Fleet } from './fleet.js';
import { printReport, type Measured, type MemorySample } from './report.js';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: '200' },
    zoo: { type: 'string', default: join(sharedDir, 'zoo') },
    output: { type: 'string' },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-bench-'));
const servers = await Promise.all([startKafka(), startTemporal(), startPostgres()]);
try {
  const measured = await measure(folder, makeFleet(flags.zoo, join(folder, 'models'), Number(flags.models)));
  printReport(measured);
  if (flags.output) writeFileSync(flags.output, `${JSON.stringify(measured, undefined, 2)}\n`);
} finally {
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function measure(work: string, fleets: readonly Fleet[]): Promise<Measured> {
  const [kafka, temporal, postgres] = servers;
  const databaseUrl = await createDatabase(postgres.url, 'bench');
  await createNamespace(temporal.url, 'bench');
  const objects = join(work, 'objects');
  mkdirSync(objects);
  const pipeline = await startLocalPipeline({
    servers: {
      brokers: [kafka.url],
      temporalAddress: temporal.url,
      temporalNamespace: 'bench',
      databaseUrl,
      objectStore: `file://${objects}`,
    },
    folder: join(work, 'services'),
    kafkaPrefix: 'bench',
  });
  try {
    const alone = await oneByOne(pipeline, fleets, databaseUrl);
    const embedded = await scanEmbedded(fleets);
    const measured = await runFleet({ pipeline, fleets, databaseUrl, alone, embedded });
    const storage = await storageOf({
      databaseUrl,
      temporalAddress: temporal.url,
      namespace: 'bench',
      folders: { kafka: join(kafka.dir, 'data'), objects },
    });
    return { ...measured, storage };
  } finally {
    await pipeline.stop();
  }
}

/** Seconds from registering to the verdict of scans that have the pipeline for themselves. The first ones warm it up. */
async function oneByOne(pipeline: LocalPipeline, fleets: readonly Fleet[], databaseUrl: string): Promise<number[]> {
  for (const { warmUp, images } of fleets) {
    for (const model of warmUp) await run('submit', [model], images, pipeline.clientEnvironment);
  }
  const seconds = await scanSeconds(databaseUrl);
  return seconds.filter((_, i) => i % warmUps !== 0);
}

async function scanEmbedded(fleets: readonly Fleet[]) {
  const started = performance.now();
  const runs = [];
  for (const { models, images } of fleets) runs.push(await run('scan', [...models, '--no-cache'], images, {}));
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: runs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    results: new Map(runs.flatMap(({ results }) => [...results])),
  };
}

interface FleetRun {
  readonly pipeline: LocalPipeline;
  readonly fleets: readonly Fleet[];
  readonly databaseUrl: string;
  readonly alone: readonly number[];
  readonly embedded: Awaited<ReturnType<typeof scanEmbedded>>;
}

async function runFleet({
  pipeline,
  fleets,
  databaseUrl,
  alone,
  embedded,
}: FleetRun): Promise<Omit<Measured, 'storage'>> {
  const count = fleets.reduce((sum, { models }) => sum + models.length, 0);
  const known = (await scanSeconds(databaseUrl)).length;
  const before = await snapshot(pipeline);
  const memory: MemorySample[] = [];
  let sampling = true;
  const started = performance.now();
  const sampler = (async () => {
    for (; sampling; await pause(2000)) {
      const services = pipeline.services.map(({ name, pid }) => ({ name, bytes: usageOf([pid!]).residentBytes }));
      memory.push({ seconds: (performance.now() - started) / 1000, services });
    }
  })();
  const runs = await Promise.all(
    fleets.map(({ models, images }) =>
      run('submit', [...models, '--lane', 'fleet'], images, pipeline.clientEnvironment),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  sampling = false;
  await sampler;
  const after = await snapshot(pipeline);
  const results = new Map(runs.flatMap((one) => [...one.results]));
  const different = [...results].filter(([digest, result]) => {
    const other = embedded.results.get(digest);
    return !other || !isDeepStrictEqual(verdictOf(result), verdictOf(other));
  });
  return {
    models: count,
    verdicts: results.size,
    different: different.map(([, result]) => result.model.path),
    seconds,
    alone,
    latencies: (await scanSeconds(databaseUrl)).slice(known),
    cpu: {
      services: after.services.map(({ name, cpuSeconds }, i) => ({
        name,
        seconds: cpuSeconds - before.services[i]!.cpuSeconds,
      })),
      servers: after.servers.map(({ name, cpuSeconds }, i) => ({
        name,
        seconds: cpuSeconds - before.servers[i]!.cpuSeconds,
      })),
      submit: runs.reduce((sum, one) => sum + one.cpuSeconds, 0),
    },
    embedded: { seconds: embedded.seconds, cpuSeconds: embedded.cpuSeconds },
    engine: { busySeconds: after.busy - before.busy, slots: after.slots },
    memory,
  };
}

async function snapshot(pipeline: LocalPipeline) {
  const worker = await pipeline.service('worker-0').metrics();
  const names = ['Kafka', 'Temporal', 'PostgreSQL'];
  return {
    services: pipeline.services.map(({ name, pid }) => ({ name, ...usageOf([pid!]) })),
    servers: servers.map(({ pid }, i) => ({ name: names[i]!, ...usageOf([pid]) })),
    busy: valueOf(worker, 'neuroninspect_engine_busy_seconds_total'),
    slots: valueOf(worker, 'neuroninspect_engine_slots'),
  };
}

function valueOf(series: ReadonlyMap<string, number>, name: string): number {
  return [...series].filter(([key]) => key.split('{')[0] === name).reduce((sum, [, value]) => sum + value, 0);
}

/** From registering a scan to its verdict, in the order of the verdicts. */
async function scanSeconds(databaseUrl: string): Promise<number[]> {
  const client = new Client({ connectionString: databaseUrl, options: '-c search_path=neuroninspect' });
  await client.connect();
  try {
    const { rows } = await client.query<{ seconds: string }>(
      'select extract(epoch from judged_at - registered_at) as seconds from scans join verdicts using (scan_id) order by judged_at',
    );
    return rows.map(({ seconds }) => Number(seconds));
  } finally {
    await client.end();
  }
}

interface Run {
  readonly results: ReadonlyMap<string, JsonResult>;
  /** Of the command and all it started. */
  readonly cpuSeconds: number;
}

async function run(
  command: 'scan' | 'submit',
  args: readonly string[],
  images: string,
  environment: NodeJS.ProcessEnv,
): Promise<Run> {
  const cli = join(import.meta.dirname, '..', '..', 'services', 'cli', 'main.js');
  const node = [process.execPath, cli, command, ...args, '--images', images, '--format', 'json', '--no-progress'];
  const times = join(folder, `times-${Math.random().toString(36).slice(2)}`);
  // The shell's own account of its children: Node has none of children that have ended.
  const script = 'times=$1; shift; TIMEFORMAT="%U %S"; { time "$@" 2>"$times.log"; } 2>"$times"';
  const stdout = await new Promise<string>((resolve) => {
    execFile(
      'bash',
      ['-c', script, 'bash', times, ...node],
      { env: { ...process.env, ...environment }, maxBuffer: 2 ** 30 },
      (_error, text) => {
        resolve(text);
      },
    );
  });
  if (stdout === '') throw new Error(`${command} printed nothing:\n${readFileSync(`${times}.log`, 'utf8')}`);
  const report = JSON.parse(stdout) as { results: JsonResult[] };
  const cpuSeconds = readFileSync(times, 'utf8')
    .trim()
    .split(' ')
    .reduce((sum, part) => sum + Number(part), 0);
  return { results: new Map(report.results.map((result) => [result.model.digest, result])), cpuSeconds };
}
