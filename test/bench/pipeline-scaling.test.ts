import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { halves, makeFleet, warmUps } from '../../bench/pipeline/fleet.js';
import type { Measured } from '../../bench/pipeline/report.js';
import { evenness, needsOf, plannedShare, rateOfPartitions } from '../../bench/pipeline/scaling.js';
import { repoRoot } from '../support/paths.js';

const measured: Measured = {
  models: 100,
  verdicts: 100,
  different: [],
  seconds: 50,
  alone: [],
  latencies: [],
  cpu: {
    services: [
      { name: 'orchestrator-0', seconds: 6 },
      { name: 'reducer-0', seconds: 3 },
      { name: 'worker-0', seconds: 80 },
    ],
    servers: [{ name: 'Kafka', seconds: 5 }],
    submit: 4,
  },
  idle: { services: [], servers: [] },
  embedded: { seconds: 45, cpuSeconds: 80 },
  engine: { busySeconds: 90, slots: 2, tasks: 300, opened: 100 },
  memory: [],
  storage: {
    historyEvents: 20,
    historyBytes: 5000,
    databaseRows: 8,
    databaseBytes: 40_000,
    databaseTransactions: 15,
    databaseLogBytes: 10_000,
    kafkaBytes: 16_000,
    objectBytes: 1_000_000,
  },
};

suite('needs of a large fleet', () => {
  const needs = needsOf(measured, { models: 1_000_000, workers: 200, engineSeconds: 2 });

  test('the workers decide how many scans a second there are', () => {
    assert.equal(needs.scansPerSecond, 100);
    assert.equal(needs.hours, 10_000 / 3600);
    assert.equal(needs.gpuHours, (200 * 10_000) / 3600);
  });

  test('a process per core that is kept below its planned share; engines are not counted', () => {
    assert.deepEqual([...needs.cores.keys()], ['orchestrator', 'reducer', 'Kafka']);
    assert.equal(needs.cores.get('orchestrator'), 6);
    assert.deepEqual(needs.processes, {
      orchestrators: Math.ceil(6 / plannedShare),
      reducers: Math.ceil(3 / plannedShare),
    });
    assert.equal(needs.coreHours, ((6 + 3 + 5) * 10_000) / 3600);
  });

  test('rates are per scan times scans per second, totals per scan times models', () => {
    assert.equal(needs.temporal.eventsPerSecond, 2000);
    assert.equal(needs.database.transactionsPerSecond, 1500);
    assert.equal(needs.database.rows, 8_000_000);
    assert.equal(needs.kafka.bytesPerSecond, 1_600_000);
    assert.equal(needs.kafka.closedDeliveriesPerSecond, 20_000);
    assert.equal(needs.objects.requestsPerSecond, (8 + 3) * 100);
  });

  test('partitions bound how many reducers there can be', () => {
    assert.equal(Math.round(rateOfPartitions(measured, 12)), Math.round((12 * plannedShare) / 0.03));
    assert.equal(evenness(400, 200), 1);
    assert.equal(evenness(12, 200), 0.06);
    assert.equal(evenness(300, 200), 0.75);
  });
});

test('a fleet repeats the models of the zoo under digests of their own, and its halves are the whole', () => {
  const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-fleet-'));
  try {
    const zoo = join(folder, 'zoo');
    mkdirSync(join(zoo, 'models'), { recursive: true });
    const model = readFileSync(join(repoRoot, 'examples', 'models', 'digits-clean.onnx'));
    const manifest = ['one', 'two', 'three'].map((name, i) => ({ file: `${name}.onnx`, dataset: i < 2 ? 'a' : 'b' }));
    for (const { file } of manifest) writeFileSync(join(zoo, 'models', file), model);
    writeFileSync(join(zoo, 'manifest.json'), JSON.stringify(manifest));

    const fleets = makeFleet(zoo, join(folder, 'models'), 7);
    const models = fleets.flatMap((fleet) => fleet.models);
    assert.deepEqual(
      fleets.map(({ images, models: { length } }) => [images, length]),
      [
        [join(zoo, 'images', 'a'), 5],
        [join(zoo, 'images', 'b'), 2],
      ],
    );
    const contents = readdirSync(join(folder, 'models')).map((name) =>
      readFileSync(join(folder, 'models', name), 'hex'),
    );
    assert.equal(new Set(contents).size, contents.length);
    assert.ok(fleets.every(({ warmUp }) => warmUp.length > 0 && warmUp.length <= warmUps));
    const both = halves(fleets).flatMap((half) => half.flatMap((fleet) => fleet.models));
    assert.deepEqual(both.sort(), [...models].sort());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
