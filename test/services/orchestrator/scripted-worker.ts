import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import { blobKey, putBlob } from '../../../adapters/stores/objects/blobs.js';
import { createKafkaTransport } from '../../../adapters/transports/kafka/index.js';
import { encodeEvidence } from '../../../adapters/wire/evidence.js';
import { decodeTask } from '../../../adapters/wire/task.js';
import { encodeTaskResult } from '../../../adapters/wire/task-result.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { Task, TaskResult } from '../../../core/pipeline/task.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import type { Transport } from '../../../core/ports/transport.js';
import type { TestPipeline } from '../../support/pipeline.js';
import { samples } from '../../support/sample-results.js';
import { workerOf, type NoisyModel } from '../../core/pipeline/fake-worker.js';

/** A worker without an engine behind the real queues. */
export interface ScriptedWorker {
  readonly transport: Transport;
  readonly objects: ObjectStore;
  /** Ids of the tasks that arrived. */
  readonly tasks: string[];
  /** Nothing is answered while it is held. */
  hold(): void;
  release(): void;
  /** What a submitter uploads. */
  upload(order: ScanOrder): Promise<void>;
  stop(): Promise<void>;
}

export async function startScriptedWorker(
  { servers, prefix, folder }: TestPipeline,
  models: ReadonlyMap<string, NoisyModel>,
): Promise<ScriptedWorker> {
  const transport = createKafkaTransport({ brokers: servers.brokers, clientId: 'scripted-worker', prefix });
  const objects = createFileObjectStore(`${folder}/objects`);
  const tasks: string[] = [];
  let held = Promise.resolve();
  let release: () => void = () => undefined;

  const consumer = await transport.subscribe({
    group: `${prefix}-workers`,
    topics: ['tasks-gate', 'tasks-fleet'],
    maxInFlight: 50,
    handle: async ({ value }) => {
      const task = decodeTask(value);
      tasks.push(task.id);
      await held;
      const { scanId } = task.order;
      const answer = await (await workerOf(models.get(scanId)!))(task);
      const message = { key: scanId, value: encodeTaskResult(await withPictures(task, answer)) };
      await transport.publish('results', [message]);
    },
  });

  async function withPictures({ work }: Task, result: TaskResult): Promise<TaskResult> {
    if (result.outcome.kind !== 'evidence' || work.stage !== 'confirm') return result;
    const evidence = { ...samples.backdoored.evidence[0]!, classIndex: work.classIndex };
    return { ...result, outcome: { ...result.outcome, pictures: await putBlob(objects, encodeEvidence(evidence)) } };
  }

  return {
    transport,
    objects,
    tasks,
    hold: () => {
      held = new Promise((resolve) => (release = resolve));
    },
    release: () => {
      release();
    },
    upload: async ({ model, images }) => {
      for (const blob of [...model.files, images]) {
        await objects.put(blobKey(blob), new Uint8Array(blob.bytes), blob.bytes);
      }
    },
    stop: async () => {
      await consumer.stop({ graceMs: 1000 });
      await transport.close();
    },
  };
}
