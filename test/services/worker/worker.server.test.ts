import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { loadImages } from '../../../adapters/images/load.js';
import { createIsolatedRunner, type IsolatedModel, type IsolatedRunner } from '../../../adapters/isolation/index.js';
import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import { createKafkaTransport, ensureTopics } from '../../../adapters/transports/kafka/index.js';
import { decodeDeadLetter, type DeadLetter } from '../../../adapters/wire/dead-letter.js';
import { decodeTaskResult } from '../../../adapters/wire/task-result.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { TaskResult } from '../../../core/pipeline/task.js';
import type { Transport } from '../../../core/ports/transport.js';
import { planShards } from '../../../core/plan/plan.js';
import { createServiceProcess, type ServiceProcess } from '../../../scripts/local-pipeline/service-process.js';
import { repoRoot } from '../../support/paths.js';
import { testServers } from '../../support/servers.js';
import { listen, orderOf, send, taskOf, until, type Listener } from './support.js';

const model = join(repoRoot, 'examples', 'models', 'digits-backdoored-lower-right.onnx');
const imageCount = 20;

describe('worker process on Kafka', { timeout: 300_000 }, () => {
  let folder: string;
  let transport: Transport;
  let worker: ServiceProcess;
  let results: Listener<TaskResult>;
  let deadLetters: Listener<DeadLetter>;
  let order: ScanOrder;
  let runner: IsolatedRunner;
  let embedded: IsolatedModel;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'neuroninspect-worker-'));
    const { brokers } = testServers().kafka;
    const prefix = `t${randomUUID().slice(0, 8)}`;
    const kafka = { brokers, clientId: 'test', prefix };
    await ensureTopics({ ...kafka, partitions: { 'tasks-gate': 3, 'tasks-fleet': 3, results: 3 } });
    transport = createKafkaTransport(kafka);
    results = await listen(transport, 'results', decodeTaskResult);
    deadLetters = await listen(transport, 'dead-letters', decodeDeadLetter);

    const images = await loadImages(join(repoRoot, 'examples', 'images'), { count: imageCount });
    const objects = join(folder, 'objects');
    order = await orderOf(createFileObjectStore(objects), { name: 'digits', model: readFileSync(model), images });
    runner = createIsolatedRunner({ workers: 1, provider: 'cpu', timeoutMs: 120_000 });
    embedded = await runner.open({ path: model, images, limits: order.limits, ...order.settings });

    worker = await createServiceProcess({
      name: 'worker',
      kind: 'worker',
      folder,
      environment: {
        NEURONINSPECT_KAFKA_BROKERS: brokers.join(','),
        NEURONINSPECT_KAFKA_PREFIX: prefix,
        NEURONINSPECT_OBJECT_STORE: `file://${objects}`,
        NEURONINSPECT_CACHE_DIR: join(folder, 'cache'),
        NEURONINSPECT_WORKERS: '1',
      },
    });
    worker.start();
    await worker.ready();
  });
  after(async () => {
    await worker.kill('SIGKILL');
    await transport.close();
    await runner.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('computes bit for bit what the embedded scanner computes, in both lanes', async () => {
    const { classes, tile } = embedded.inspection;
    const plan = planShards({ scanId: order.scanId, classes, images: imageCount, tile, workers: 2 });
    const tasks = plan.map((shard) => taskOf(order, { stage: 'saliency', shard }));
    await send(transport, ...tasks.map((task, i) => ({ ...task, lane: i % 2 === 0 ? task.lane : ('fleet' as const) })));
    for (const { taskId, outcome } of await results.next(tasks.length)) {
      const shard = plan.find(({ id }) => id === taskId)!;
      assert.ok(outcome.kind === 'features');
      assert.deepEqual(outcome.features, await embedded.runShard(shard));
    }
    const metrics = await worker.metrics();
    assert.equal(metrics.get('neuroninspect_maps_total'), classes * imageCount);
    assert.equal(metrics.get('neuroninspect_engine_slots'), 1);
    assert.ok(metrics.get('neuroninspect_engine_busy_seconds_total')! > 0);
  });

  it('puts what is no task into the dead letters', async () => {
    await transport.publish('tasks-gate', [{ key: 'k', value: Buffer.from('no task') }]);
    const [letter] = await deadLetters.next(1);
    assert.equal(letter?.reason.code, 'message-malformed');
  });

  it('finishes what runs on SIGTERM, ends with 0, and the next process does the rest', async () => {
    const confirm = Array.from({ length: 10 }, (_, classIndex) => taskOf(order, { stage: 'confirm', classIndex }));
    const earlier = results.seen.length;
    const found = () => new Set(results.seen.slice(earlier).map(({ taskId }) => taskId));
    await send(transport, ...confirm);
    await results.next(earlier + 1);
    assert.equal(await worker.kill('SIGTERM'), 0);
    worker.start();
    await worker.ready();
    await until(() => found().size === confirm.length);
    for (const { outcome } of results.seen.slice(earlier)) assert.equal(outcome.kind, 'evidence');
  });

  it('loses nothing when it is killed in the middle of a task', async () => {
    const confirm = Array.from({ length: 6 }, (_, classIndex) =>
      taskOf(order, { stage: 'confirm', classIndex }, { round: 1 }),
    );
    const earlier = results.seen.length;
    await send(transport, ...confirm);
    await results.next(earlier + 2);
    await worker.kill('SIGKILL');
    worker.start();
    await until(() => new Set(results.seen.slice(earlier).map(({ taskId }) => taskId)).size === confirm.length);
  });
});
