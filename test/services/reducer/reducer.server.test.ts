import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPostgresScanStore } from '../../../adapters/stores/scans/postgres.js';
import { createKafkaTransport, ensureTopics } from '../../../adapters/transports/kafka/index.js';
import { decodeDeadLetter, type DeadLetter } from '../../../adapters/wire/dead-letter.js';
import { encodeTaskResult } from '../../../adapters/wire/task-result.js';
import { planStage, registerScan } from '../../../core/pipeline/index.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { Task, TaskResult } from '../../../core/pipeline/task.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import type { Transport } from '../../../core/ports/transport.js';
import { createServiceProcess, type ServiceProcess } from '../../../scripts/local-pipeline/service-process.js';
import { embedded, essence, orderOf, planned, workerOf, type NoisyModel } from '../../core/pipeline/fake-worker.js';
import { createDatabase, until } from '../../support/pipeline.js';
import { testServers } from '../../support/servers.js';

const prefix = `r${randomUUID().slice(0, 8)}`;
const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-reducer-'));
const letters: DeadLetter[] = [];
let environment: NodeJS.ProcessEnv;
let transport: Transport;
let store: ScanStore;
let reducers: readonly ServiceProcess[];

before(async () => {
  const servers = testServers();
  const databaseUrl = await createDatabase(servers.postgres.url, prefix);
  environment = {
    NEURONINSPECT_KAFKA_BROKERS: servers.kafka.brokers.join(','),
    NEURONINSPECT_KAFKA_PREFIX: prefix,
    NEURONINSPECT_TEMPORAL_ADDRESS: servers.temporal.address,
    NEURONINSPECT_DATABASE_URL: databaseUrl,
    NEURONINSPECT_LOG_LEVEL: 'debug',
  };
  const kafka = { brokers: servers.kafka.brokers, clientId: 'test', prefix };
  await ensureTopics(kafka);
  transport = createKafkaTransport(kafka);
  await transport.subscribe({
    group: undefined,
    topics: ['dead-letters'],
    maxInFlight: 1,
    handle: ({ value }) => Promise.resolve(void letters.push(decodeDeadLetter(value))),
  });
  store = await openPostgresScanStore({ url: databaseUrl, maxConnections: 4 });
  reducers = await Promise.all(
    ['reducer-0', 'reducer-1'].map((name) => createServiceProcess({ name, kind: 'reducer', folder, environment })),
  );
  for (const reducer of reducers) reducer.start();
  await Promise.all(reducers.map((reducer) => reducer.ready()));
});

after(async () => {
  await Promise.all(reducers.map((reducer) => reducer.kill()));
  await transport.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("two reducers, every message three times: each scan has one verdict, the embedded scanner's", async () => {
  const models: NoisyModel[] = [
    { seed: 'fleet 0' },
    { seed: 'fleet 1', target: 3 },
    { seed: 'fleet 2', target: 8 },
    { seed: 'fleet 3' },
  ];
  const before = await totals();
  await Promise.all(models.map((model) => runScan(model, (results) => publish([...results, ...results, ...results]))));
  // A rebalance may deliver some once more.
  await until('all repetitions', async () => {
    const { first, repeated } = await totals();
    return repeated - before.repeated >= 2 * (first - before.first);
  });
  for (const model of models) {
    const { result } = (await store.verdict(orderOf(model).scanId))!;
    assert.deepEqual(essence(result), essence(await embedded(model)));
  }
  assert.equal((await totals()).scans - before.scans, models.length);
  await until('an empty outbox', async () => (await store.waitingNotices()).count === 0);
});

test('what cannot be read or does not fit its scan is put into the dead letters, and the scan goes on', async () => {
  const model = { seed: 'poison', target: 4 };
  const order = orderOf(model);
  let spoiled = false;
  await runScan(model, async (results) => {
    const [first] = results;
    if (first?.outcome.kind === 'features' && !spoiled) {
      spoiled = true;
      await transport.publish('results', [{ key: order.scanId, value: new TextEncoder().encode('no message') }]);
      const values = new Map([...first.outcome.features.values].slice(1));
      const cut: TaskResult = {
        ...first,
        outcome: { kind: 'features', features: { ...first.outcome.features, values } },
      };
      await publish([cut]);
    }
    await publish(results);
  });
  const { result } = (await store.verdict(order.scanId))!;
  assert.deepEqual(essence(result), essence(await embedded(model)));
  await until('both dead letters', () => letters.length === 2);
  const [unread, unfit] = letters.sort((a, b) => (a.reason.code < b.reason.code ? 1 : -1));
  assert.equal(unread?.reason.code, 'message-malformed');
  assert.equal(new TextDecoder().decode(unread.value), 'no message');
  assert.equal(unread.taskId, undefined);
  assert.equal(unfit?.reason.code, 'internal');
  assert.match(unfit.reason.message, /the profile wants/);
  assert.equal(unfit.scanId, order.scanId);
  assert.equal(unfit.service, 'reducer');
});

test('reducers killed in the middle of scans and started again: one verdict each, every notice delivered', async () => {
  const models: NoisyModel[] = Array.from({ length: 6 }, (_, i) => ({ seed: `killed ${i}`, target: i }));
  let published = 0;
  let killed = Promise.resolve();
  const scans = models.map((model) =>
    runScan(model, async (results) => {
      await publish([...results, ...results]);
      published += results.length;
      if (published < 12) return;
      published = -1000;
      killed = (async () => {
        await Promise.all(reducers.map((reducer) => reducer.kill('SIGKILL')));
        for (const reducer of reducers) reducer.start();
        await Promise.all(reducers.map((reducer) => reducer.ready()));
      })();
    }),
  );
  await Promise.all(scans);
  await killed;
  assert.ok(published < 0, 'they were killed');
  for (const model of models) {
    const { result } = (await store.verdict(orderOf(model).scanId))!;
    assert.deepEqual(essence(result), essence(await embedded(model)));
  }
  await until('an empty outbox', async () => (await store.waitingNotices()).count === 0);
});

test('on SIGTERM a reducer finishes what it has and ends with 0', async () => {
  const [first, second] = reducers;
  assert.equal(await second!.kill('SIGTERM'), 0);
  second!.start();
  await second!.ready();
  assert.equal(await first!.kill('SIGTERM'), 0);
  const model = { seed: 'after the other left', target: 1 };
  await runScan(model, publish);
  const { result } = (await store.verdict(orderOf(model).scanId))!;
  assert.equal(result.verdict, 'backdoored');
});

test('a setting that is wrong ends it with 4 and is named', async () => {
  const broken = await createServiceProcess({
    name: 'broken',
    kind: 'reducer',
    folder,
    environment: { ...environment, NEURONINSPECT_DATABASE_URL: 'mysql://nowhere' },
  });
  broken.start();
  await assert.rejects(broken.ready(), /NEURONINSPECT_DATABASE_URL/);
});

/** What workflow and workers do, over the real queue; what is missing after a while is sent again. */
async function runScan(model: NoisyModel, send: (results: readonly TaskResult[]) => Promise<void>): Promise<void> {
  const order = orderOf(model);
  const answer = await workerOf(model);
  await registerScan(store, order);
  for (let round = 0; ; round++) {
    const { progress, tasks } = await plan(order, round);
    if (progress.state === 'judged') return;
    await send(await Promise.all(tasks.map(answer)));
    await until(
      `${model.seed} behind ${progress.state}`,
      async () => (await plan(order, round)).progress.state !== progress.state,
    );
  }
}

function plan(order: ScanOrder, round: number): Promise<{ progress: { state: string }; tasks: readonly Task[] }> {
  return planStage(store, order.scanId, { ...planned, round });
}

function publish(results: readonly TaskResult[]): Promise<void> {
  return transport.publish(
    'results',
    results.map((result) => ({ key: result.scanId, value: encodeTaskResult(result) })),
  );
}

async function totals() {
  const all = await Promise.all(reducers.map((reducer) => reducer.metrics()));
  const sum = (pattern: RegExp): number =>
    all.flatMap((series) => [...series]).reduce((total, [name, value]) => total + (pattern.test(name) ? value : 0), 0);
  return {
    scans: sum(/^neuroninspect_scans_total\{/),
    first: sum(/^neuroninspect_results_total\{.*outcome="first"/),
    repeated: sum(/^neuroninspect_results_total\{.*outcome="(?:duplicate|late)"/),
  };
}
