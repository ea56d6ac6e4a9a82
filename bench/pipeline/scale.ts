/**
 * What large fleets need, computed from a measured run.
 *
 * Usage: npm run build && node dist/bench/pipeline/scale.js RUN.json [--models 1000000] [--workers 200]
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Measured } from './report.js';
import { evenness, needsOf, rateOfPartitions, type Needs } from './scaling.js';

const { values: flags, positionals } = parseArgs({
  options: { models: { type: 'string', default: '1000000' }, workers: { type: 'string', default: '200' } },
  allowPositionals: true,
});
const measured = JSON.parse(readFileSync(positionals[0]!, 'utf8')) as Measured;
const [models, workers] = [Number(flags.models), Number(flags.workers)];
const columns = [1, 10, 100].map((engineSeconds) => needsOf(measured, { models, workers, engineSeconds }));

const line = (name: string, show: (needs: Needs) => string): string =>
  `| ${[name, ...columns.map(show)].join(' | ')} |`;
const whole = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
const si = (bytes: number): string => {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  return `${(bytes / 1000 ** power).toPrecision(3)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]!}`;
};

console.log(
  [
    line(
      `${whole(models)} models, ${workers} workers`,
      (n) => `${whole(workers / n.scansPerSecond)} s of engine per scan`,
    ),
    line('---', () => '---'),
    line('scans per second', (n) => whole(n.scansPerSecond)),
    line('hours', (n) => whole(n.hours)),
    ...[...columns[0]!.cores.keys()].map((name) => line(`cores, ${name}`, (n) => whole(n.cores.get(name)!))),
    line('orchestrator processes', (n) => whole(n.processes.orchestrators)),
    line('reducer processes', (n) => whole(n.processes.reducers)),
    line('partitions of each task lane', (n) => whole(n.partitions.tasks)),
    line('partitions of `results`', (n) => whole(n.partitions.results)),
    line('Temporal: events per second', (n) => whole(n.temporal.eventsPerSecond)),
    line('Temporal: actions per second', (n) => whole(n.temporal.actionsPerSecond)),
    line('Temporal: histories in all', (n) => si(n.temporal.bytes)),
    line('PostgreSQL: transactions per second', (n) => whole(n.database.transactionsPerSecond)),
    line('PostgreSQL: log per second', (n) => si(n.database.logBytesPerSecond)),
    line('PostgreSQL: rows in all', (n) => whole(n.database.rows)),
    line('PostgreSQL: bytes in all', (n) => si(n.database.bytes)),
    line('Kafka: bytes per second, before replication', (n) => si(n.kafka.bytesPerSecond)),
    line('Kafka: deliveries of `closed` per second', (n) => whole(n.kafka.closedDeliveriesPerSecond)),
    line('object store: requests per second', (n) => whole(n.objects.requestsPerSecond)),
    line('object store: written per second', (n) => si(n.objects.bytesPerSecond)),
    line('object store: bytes in all', (n) => si(n.objects.bytes)),
    line('core hours of services and servers', (n) => whole(n.coreHours)),
    line('GPU hours', (n) => whole(n.gpuHours)),
  ].join('\n'),
);
console.log(`\n12 partitions of results carry ${whole(rateOfPartitions(measured, 12))} scans per second.`);
for (const partitions of [12, 256, 3 * workers]) {
  console.log(
    `${partitions} partitions keep ${(100 * Math.min(1, evenness(partitions, workers))).toFixed(0)} % of ${workers} workers busy.`,
  );
}
