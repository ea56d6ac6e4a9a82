/**
 * Runs servers and services of the pipeline, scans models through it and with the embedded scanner, and compares. Whatever
 * of it is killed meanwhile is started again, as an orchestrator of containers would do.
 *
 * Usage: npm run pipeline [-- [--serve] [--images FOLDER] [MODEL ...]]; `--serve` keeps it running until Ctrl-C.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { repoRoot } from '../test/support/paths.js';
import { createDatabase, createNamespace, scanEmbedded, submitTo, verdictOf } from '../test/support/pipeline.js';
import { startKafka, startPostgres, startTemporal, type Server } from '../test/support/servers.js';
import { startLocalPipeline } from './local-pipeline/index.js';
import { supervise } from './local-pipeline/supervise.js';

const examples = join(repoRoot, 'examples');
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    serve: { type: 'boolean', default: false },
    images: { type: 'string', default: join(examples, 'images') },
  },
});
const models = positionals.length > 0 ? positionals : [join(examples, 'models')];

const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-'));
// PostgreSQL refuses to run as root and runs as another user then, who must get to its folder.
chmodSync(folder, 0o711);
const interrupted = new Promise<void>((resolve) => {
  process.once('SIGINT', resolve).once('SIGTERM', resolve);
});
const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

say('starting Kafka, Temporal and PostgreSQL');
const servers = await Promise.all(
  Object.entries({ kafka: startKafka, temporal: startTemporal, postgres: startPostgres }).map(([name, start]) =>
    keep(name, start),
  ),
);
const [kafka, temporal, postgres] = servers.map(({ url }) => url) as [string, string, string];
await createNamespace(temporal, 'neuroninspect');
say('starting orchestrator, reducer and worker');
const pipeline = await startLocalPipeline({
  servers: {
    brokers: [kafka],
    temporalAddress: temporal,
    temporalNamespace: 'neuroninspect',
    databaseUrl: await createDatabase(postgres, 'neuroninspect'),
    objectStore: `file://${join(folder, 'objects')}`,
  },
  folder: join(folder, 'services'),
  kafkaPrefix: 'neuroninspect',
});
const supervised = [
  ...servers,
  ...pipeline.services.map((service) => ({
    name: service.name,
    get pid() {
      return service.pid;
    },
    restart: () => {
      service.start();
    },
  })),
];
const watch = supervise(supervised, say);
for (const { name, pid } of supervised) say(`  ${name.padEnd(14)} pid ${pid}`);

try {
  await Promise.race([interrupted, scan()]);
  if (flags.serve) {
    say('\nRunning. Scan more models with:');
    for (const [name, value] of Object.entries(pipeline.clientEnvironment)) say(`  export ${name}=${value}`);
    say('  npx --no-install neuroninspect submit MODEL --images FOLDER');
    say('Ctrl-C ends it.');
    await interrupted;
  }
} finally {
  watch.stop();
  await pipeline.stop();
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
}

async function scan(): Promise<void> {
  say('scanning through the pipeline\n');
  const submission = submitTo(pipeline.clientEnvironment, models, flags.images);
  const results = await submission.results;
  for (const { model, verdict, targetClasses } of results.values()) {
    const target = targetClasses.length > 0 ? `, class ${targetClasses.join(', ')}` : '';
    console.log(`${verdict.padEnd(12)} ${model.path}${target}`);
  }
  const embedded = await scanEmbedded(models, [], flags.images);
  const same = [...results].filter(([digest, result]) => {
    const other = embedded.get(digest);
    return other !== undefined && isDeepStrictEqual(verdictOf(result), verdictOf(other));
  });
  console.log(`${same.length} of ${embedded.size} results are the embedded scanner's, bit for bit`);
  if (same.length !== embedded.size) process.exitCode = 1;
}

/** A server that can be started again on the same data and port. */
async function keep(
  name: string,
  start: (options: { dir: string; port?: number }) => Promise<Server>,
): Promise<{ name: string; url: string; readonly pid: number; restart(): Promise<void>; stop(): Promise<void> }> {
  const dir = join(folder, name);
  mkdirSync(dir, { recursive: true });
  let server = await start({ dir });
  const { url, port } = server;
  return {
    name,
    url,
    get pid() {
      return server.pid;
    },
    restart: async () => {
      server = await start({ dir, port });
    },
    stop: () => server.stop(),
  };
}
