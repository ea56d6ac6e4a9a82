import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { createIsolatedRunner } from '../../../adapters/isolation/index.js';
import { createMetrics, type Metrics } from '../../../adapters/metrics/registry.js';
import { putBlob } from '../../../adapters/stores/objects/blobs.js';
import { createFileObjectStore } from '../../../adapters/stores/objects/file.js';
import { createMemoryTransport, type MemoryTransport } from '../../../adapters/transports/memory/index.js';
import { decodeDeadLetter, type DeadLetter } from '../../../adapters/wire/dead-letter.js';
import { encodeImageSet } from '../../../adapters/wire/image-set.js';
import { decodeTaskResult } from '../../../adapters/wire/task-result.js';
import { encodeTask } from '../../../adapters/wire/task.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import { taskId, type Task, type TaskResult, type Work } from '../../../core/pipeline/task.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import type { Transport } from '../../../core/ports/transport.js';
import type { ImageSet } from '../../../core/scan/images.js';
import { cascade1 } from '../../../core/scan/profiles.js';
import { profileHash, scanId } from '../../../core/scan/scan-id.js';
import { createEngineSlot } from '../../../services/worker/engine-slot.js';
import { createImageCache } from '../../../services/worker/image-cache.js';
import { openModelCache } from '../../../services/worker/model-cache.js';
import { startWorker, type Worker } from '../../../services/worker/worker.js';

export const scriptedHost = fileURLToPath(new URL('./scripted-host.js', import.meta.url));

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Stores a model of one file and its images, and orders a scan of it. */
export async function orderOf(
  store: ObjectStore,
  { name, model, images }: { readonly name: string; readonly model: Uint8Array; readonly images: ImageSet },
): Promise<ScanOrder> {
  const file = await putBlob(store, model);
  const settings = { profile: cascade1, preprocessing: {}, selection: {} };
  const digest = `sha256:${file.sha256}`;
  return {
    scanId: scanId(sha256, {
      modelDigest: digest,
      imagesDigest: images.digest,
      profileHash: profileHash(sha256, settings),
    }),
    model: { name, digest, format: 'onnx', files: [{ path: 'm.onnx', ...file }] },
    images: {
      digest: images.digest,
      count: images.count,
      labelled: images.labels.filter((label) => label !== undefined).length,
      ...(await putBlob(store, encodeImageSet(images))),
    },
    settings,
    limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 28 },
    lane: 'gate',
  };
}

export function taskOf(order: ScanOrder, work: Work, rest: Partial<Task> = {}): Task {
  const createdAt = Date.now();
  const id = taskId(order.scanId, work);
  return { id, order, lane: order.lane, round: 0, createdAt, notAfter: createdAt + 600_000, work, ...rest };
}

export function shardOf({ scanId }: ScanOrder, start: number, end: number): Work {
  const [classes, images] = [
    { start, end },
    { start: 0, end: 2 },
  ];
  return { stage: 'saliency', shard: { id: `${scanId}/${start}-${end}x0-2`, classes, images } };
}

export async function send(transport: Transport, ...tasks: readonly Task[]): Promise<void> {
  for (const task of tasks) {
    const message = { key: task.order.scanId, value: encodeTask(task) };
    await transport.publish(task.lane === 'gate' ? 'tasks-gate' : 'tasks-fleet', [message]);
  }
}

/** What is published on a topic, in order, and a way to wait for it. */
export interface Listener<T> {
  readonly seen: readonly T[];
  /** Waits until so many were seen. */
  next(count: number): Promise<readonly T[]>;
}

export async function listen<T>(
  transport: Transport,
  topic: 'results' | 'dead-letters',
  decode: (bytes: Uint8Array) => T,
): Promise<Listener<T>> {
  const seen: T[] = [];
  let wake: () => void = () => undefined;
  await transport.subscribe({
    group: undefined,
    topics: [topic],
    maxInFlight: 1000,
    handle: ({ value }) => {
      seen.push(decode(value));
      wake();
      return Promise.resolve();
    },
  });
  return {
    seen,
    next: async (count) => {
      while (seen.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return seen;
    },
  };
}

export interface Bench {
  readonly folder: string;
  readonly transport: MemoryTransport;
  readonly store: ObjectStore;
  readonly metrics: Metrics;
  readonly results: Listener<TaskResult>;
  readonly deadLetters: Listener<DeadLetter>;
  /** One more worker on the same queues. */
  start(options?: WorkerSetup): Promise<Worker>;
  /** Messages that workers were given. */
  delivered(): number;
  /** Lines that the scripted host has written. */
  calls(): string[];
  close(): Promise<void>;
}

export interface WorkerSetup {
  readonly hostModule?: string;
  readonly slots?: number;
  readonly store?: ObjectStore;
  readonly timeoutMs?: number;
}

/** Queues in memory, an object store in a folder, and workers with real engine processes. */
export async function createBench(): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-worker-'));
  const transport = createMemoryTransport({ pauses: { first: 20, max: 100 } });
  const store = createFileObjectStore(join(folder, 'objects'));
  const metrics = createMetrics();
  const workers: Worker[] = [];
  let delivered = 0;
  const counted = (attached: Transport): Transport => ({
    ...attached,
    subscribe: (subscription) =>
      attached.subscribe({
        ...subscription,
        handle: (delivery, signal) => {
          delivered++;
          return subscription.handle(delivery, signal);
        },
      }),
  });
  return {
    folder,
    transport,
    store,
    metrics,
    results: await listen(transport, 'results', decodeTaskResult),
    deadLetters: await listen(transport, 'dead-letters', decodeDeadLetter),
    start: async ({ hostModule, slots = 1, timeoutMs = 120_000, ...setup }: WorkerSetup = {}) => {
      const objects = setup.store ?? store;
      const createRunner = () =>
        createIsolatedRunner({
          workers: 1,
          provider: 'cpu',
          timeoutMs,
          hostModule,
          modelsPerWorker: 4,
          crashRetries: 0,
          maxMemoryMb: 1024,
        });
      const worker = startWorker({
        transport: counted(transport.attach({ pauses: { first: 20, max: 100 } })),
        store: objects,
        models: await openModelCache({ store: objects, dir: join(folder, 'cache'), maxBytes: 2 ** 30 }),
        images: createImageCache({ store: objects, maxBytes: 2 ** 26 }),
        slots: Array.from({ length: slots }, () =>
          createEngineSlot({ createRunner, maxModels: 4, largeBytes: 2 ** 30 }),
        ),
        metrics,
        logger: pino({ level: 'silent' }),
        worker: `test-${randomUUID()}`,
        group: 'workers',
        prefetch: 2,
        maxTries: 3,
        maxTaskSeconds: 600,
      });
      workers.push(worker);
      return worker;
    },
    delivered: () => delivered,
    calls: () => {
      try {
        return readFileSync(join(folder, 'cache', 'calls.txt'), 'utf8')
          .trim()
          .split('\n');
      } catch {
        return [];
      }
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.stop(0)));
      await transport.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export { until } from '../../support/transport.js';

/** Value of one series of the metrics; 0 where there is none. */
export async function valueOf(metrics: Metrics, series: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}
