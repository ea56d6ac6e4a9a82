/**
 * A fleet of small models through the whole pipeline on real Kafka, Temporal and PostgreSQL of this machine, beside the
 * embedded scanner on the same models.
 *
 * Usage: npm run bench:pipeline -- [--models 200] [--zoo FOLDER] [--output FILE.json] [--workers 1] [--profiles FOLDER]
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { Client } from 'pg';
import { createDatabase, createNamespace, verdictOf, type JsonResult } from '../../test/support/pipeline.js';
import { sharedDir } from '../../test/support/paths.js';
import { startKafka, startPostgres, startTemporal } from '../../test/support/servers.js';
import { databaseWork, storageOf } from './storage.js';
import { startLocalPipeline, type LocalPipeline } from '../../scripts/local-pipeline/index.js';
import { usageOf } from '../process-tree.js';
import { halves, makeFleet, warmUps, type Fleet } from './fleet.js';
import { printReport, type Measured, type MemorySample } from './report.js';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: '200' },
    zoo: { type: 'string', default: join(sharedDir, 'zoo') },
    output: { type: 'string' },
    /** Worker processes, which share the cores. */
    workers: { type: 'string', default: '1' },
    /** For CPU profiles of the services' main processes. */
    profiles: { type: 'string' },
  },
});

const workers = Number(flags.workers);
if (flags.profiles) mkdirSync(flags.profiles, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-bench-'));
const servers = await Promise.all([startKafka(), startTemporal(), startPostgres()]);
try {
  const load = loadavg()[0]!;
  const measured = await measure(folder, makeFleet(flags.zoo, join(folder, 'models'), Number(flags.models)));
  console.log(`npm run bench:pipeline -- ${process.argv.slice(2).join(' ')}`);
  console.log(
    `load of the machine ${load.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after, ${cpus().length} cores`,
  );
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
    counts: { worker: workers },
    environment: (kind) => ({ ...profiled(kind), NEURONINSPECT_WORKERS: String(Math.ceil(cpus().length / workers)) }),
  });
  try {
    const since = await databaseWork(databaseUrl);
    const alone = await oneByOne(pipeline, fleets, databaseUrl);
    // Half of it before and half of it after: what the machine does besides changes with time.
    const idleSince = await snapshot(pipeline);
    const [first, second] = halves(fleets);
    const before = await scanEmbedded(first);
    const idle = differences(idleSince, await snapshot(pipeline), before.seconds);
    const fleet = await runFleet(pipeline, fleets, databaseUrl);
    const embedded = together(before, await scanEmbedded(second));
    const measured = { ...judged(fleet, embedded.results), alone, idle, embedded: costOf(embedded) };
    const storage = await storageOf({
      databaseUrl,
      temporalAddress: temporal.url,
      namespace: 'bench',
      folders: { kafka: join(kafka.dir, 'data'), objects },
      since,
    });
    return { ...measured, storage };
  } finally {
    await pipeline.stop();
  }
}

/** Node takes `--cpu-prof` from the command line only. */
function profiled(kind: string): NodeJS.ProcessEnv {
  if (flags.profiles === undefined) return {};
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'profile.js')).href}`,
    NEURONINSPECT_BENCH_PROFILE: resolve(flags.profiles, `${kind}.cpuprofile`),
  };
}

/** Seconds from registering to the verdict of scans that have the pipeline for themselves. The first ones warm it up. */
async function oneByOne(pipeline: LocalPipeline, fleets: readonly Fleet[], databaseUrl: string): Promise<number[]> {
  for (const { warmUp, images } of fleets) {
    for (const model of warmUp) await run('submit', [model], images, pipeline.clientEnvironment);
  }
  const seconds = await scanSeconds(databaseUrl);
  return seconds.filter((_, i) => i % warmUps !== 0);
}

interface Embedded {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly results: ReadonlyMap<string, JsonResult>;
}

async function scanEmbedded(fleets: readonly Fleet[]): Promise<Embedded> {
  const started = performance.now();
  const runs = [];
  for (const { models, images } of fleets) runs.push(await run('scan', [...models, '--no-cache'], images, {}));
  return {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: runs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    results: new Map(runs.flatMap(({ results }) => [...results])),
  };
}

function together(a: Embedded, b: Embedded): Embedded {
  return {
    seconds: a.seconds + b.seconds,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    results: new Map([...a.results, ...b.results]),
  };
}

function costOf({ seconds, cpuSeconds }: Embedded): Measured['embedded'] {
  return { seconds, cpuSeconds };
}

type FleetRun = Omit<Measured, 'storage' | 'alone' | 'idle' | 'embedded' | 'verdicts' | 'different'> & {
  readonly results: Embedded['results'];
};

async function runFleet(pipeline: LocalPipeline, fleets: readonly Fleet[], databaseUrl: string): Promise<FleetRun> {
  const known = (await scanSeconds(databaseUrl)).length;
  const before = await snapshot(pipeline);
  const memory: MemorySample[] = [];
  const started = performance.now();
  const sampler = setInterval(() => {
    const services = pipeline.services.map(({ name, pid }) => ({ name, bytes: usageOf([pid!]).residentBytes }));
    memory.push({ seconds: (performance.now() - started) / 1000, services });
  }, 2000);
  const runs = await Promise.all(
    fleets.map(({ models, images }) =>
      run('submit', [...models, '--lane', 'fleet'], images, pipeline.clientEnvironment),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  const after = await snapshot(pipeline);
  clearInterval(sampler);
  return {
    models: fleets.reduce((sum, { models }) => sum + models.length, 0),
    seconds,
    results: new Map(runs.flatMap((one) => [...one.results])),
    latencies: (await scanSeconds(databaseUrl)).slice(known),
    cpu: {
      ...differences(before, after, 1),
      submit: runs.reduce((sum, one) => sum + one.cpuSeconds, 0),
    },
    engine: {
      busySeconds: after.busy - before.busy,
      slots: after.slots,
      tasks: after.tasks - before.tasks,
      opened: after.opened - before.opened,
    },
    memory,
  };
}

function judged({ results, ...measured }: FleetRun, expected: Embedded['results']) {
  const different = [...results].filter(([digest, result]) => {
    const other = expected.get(digest);
    return !other || !isDeepStrictEqual(verdictOf(result), verdictOf(other));
  });
  return { ...measured, verdicts: results.size, different: different.map(([, result]) => result.model.path) };
}

type Snapshot = Awaited<ReturnType<typeof snapshot>>;

/** CPU seconds between two snapshots, divided. */
function differences(before: Snapshot, after: Snapshot, by: number): Pick<Measured['cpu'], 'services' | 'servers'> {
  const of = (kind: 'services' | 'servers') =>
    after[kind].map(({ name, cpuSeconds }, i) => ({ name, seconds: (cpuSeconds - before[kind][i]!.cpuSeconds) / by }));
  return { services: of('services'), servers: of('servers') };
}

async function snapshot(pipeline: LocalPipeline) {
  const workers = pipeline.services.filter(({ kind }) => kind === 'worker');
  const series = await Promise.all(workers.map((worker) => worker.metrics()));
  const total = (name: string, ...labels: readonly string[]): number =>
    series
      .flatMap((one) => [...one])
      .filter(([key]) => key.split('{')[0] === name && labels.every((label) => key.includes(label)))
      .reduce((sum, [, value]) => sum + value, 0);
  const names = ['Kafka', 'Temporal', 'PostgreSQL'];
  return {
    services: pipeline.services.map(({ name, pid }) => ({ name, ...usageOf([pid!]) })),
    servers: servers.map(({ pid }, i) => ({ name: names[i]!, ...usageOf([pid]) })),
    busy: total('neuroninspect_engine_busy_seconds_total'),
    slots: total('neuroninspect_engine_slots'),
    tasks: total('neuroninspect_tasks_total'),
    opened: total('neuroninspect_cache_requests_total', 'cache="open-models"', 'outcome="miss"'),
  };
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
