import { once } from 'node:events';
import { hostname } from 'node:os';
import { chooseEngine } from '../../adapters/engines/names.js';
import { createIsolatedRunner, memoryShare } from '../../adapters/isolation/index.js';
import { createMetrics, type Metrics } from '../../adapters/metrics/registry.js';
import type { TransportEvent } from '../../adapters/transports/events.js';
import { createKafkaTransport, ensureTopics } from '../../adapters/transports/kafka/index.js';
import { partitionsOfEach } from '../../adapters/transports/limits.js';
import { serveHttp } from '../common/http.js';
import { createLogger } from '../common/logger.js';
import { configuredObjectStore } from '../common/object-store.js';
import { readSettings } from '../common/settings.js';
import { startTracing } from '../common/tracing.js';
import { createEngineSlot, type EngineSlot } from './engine-slot.js';
import { createImageCache } from './image-cache.js';
import { openModelCache } from './model-cache.js';
import { workerSettings, type WorkerSettings } from './settings.js';
import { startWorker } from './worker.js';

/** The engine worker from its settings to the end of its draining. */
export async function work(env: NodeJS.ProcessEnv, stopping: AbortSignal): Promise<void> {
  const settings = readSettings(workerSettings, env);
  const { taskTimeout, taskTries, drainSeconds } = settings;
  const name = `${hostname()}-${process.pid}`;
  const logger = createLogger({ service: 'worker', level: settings.logLevel });
  const metrics = createMetrics();
  const tracing = await startTracing({ service: 'worker', endpoint: settings.otlpEndpoint, logger });
  const kafka = {
    brokers: settings.kafkaBrokers,
    clientId: `neuroninspect-worker-${name}`,
    prefix: settings.kafkaPrefix,
  };
  const transport = createKafkaTransport({
    ...kafka,
    logger,
    onEvent: (event) => {
      countEvent(metrics, event);
    },
  });
  const store = configuredObjectStore(settings.objectStore);
  const models = await openModelCache({
    store,
    dir: settings.cacheDir,
    maxBytes: settings.cacheSize,
    onRequest: counted(metrics, 'models'),
    onDownload: (bytes) => {
      metrics.inc('downloads', { kind: 'model' }, bytes);
    },
    onSize: (bytes) => {
      metrics.set('cacheBytes', {}, bytes);
    },
  });
  const images = createImageCache({
    store,
    maxBytes: imageBytes,
    onRequest: counted(metrics, 'images'),
    onDownload: (bytes) => {
      metrics.inc('downloads', { kind: 'images' }, bytes);
    },
  });
  const slots = createSlots(settings, metrics);
  const worker = startWorker({
    transport,
    store,
    models,
    images,
    slots,
    metrics,
    logger,
    worker: name,
    group: `${settings.kafkaPrefix}-workers`,
    prefetch: slots.length + 1,
    maxTries: taskTries,
    maxTaskSeconds: 2 * taskTimeout * taskTries + 60,
    createTopics: () => ensureTopics({ ...kafka, partitions: partitionsOfEach(settings.kafkaPartitions), logger }),
  });
  try {
    const { httpHost: host, httpPort: port } = settings;
    const http = await serveHttp({ host, port, ready: () => worker.ready(), live: () => worker.live(), metrics });
    logger.info({ port: http.port, url: http.url }, 'listening');
    if (!stopping.aborted) await once(stopping, 'abort');
    await worker.stop(drainSeconds * 1000);
    await http.stop();
  } finally {
    await transport.close();
    await tracing.stop();
  }
}

/** One engine process each. Opening a model and a shard of it are two requests, each under the time limit of a task. */
function createSlots(settings: WorkerSettings, metrics: Metrics): EngineSlot[] {
  const { workers, taskTimeout, maxEngineMemory = memoryShare(workers) } = settings;
  const slot = (): EngineSlot =>
    createEngineSlot({
      createRunner: () =>
        createIsolatedRunner({
          workers: 1,
          ...chooseEngine(settings.engine, settings.provider),
          timeoutMs: taskTimeout * 1000,
          maxMemoryMb: maxEngineMemory / 2 ** 20,
          modelsPerWorker: openModels,
          crashRetries: 0,
        }),
      maxModels: openModels,
      largeBytes: maxEngineMemory / 2,
      onRequest: counted(metrics, 'open-models'),
    });
  return Array.from({ length: workers }, slot);
}

function counted(metrics: Metrics, cache: string): (outcome: 'hit' | 'miss') => void {
  return (outcome) => {
    metrics.inc('cacheRequests', { cache, outcome });
  };
}

function countEvent(metrics: Metrics, { kind, ...event }: TransportEvent): void {
  const topic: string = event.topic ?? 'any';
  if (kind === 'handled') metrics.inc('messages', { topic, outcome: 'handled' });
  if (kind === 'redelivered' || kind === 'revoked') metrics.inc('messages', { topic, outcome: 'again' });
  if (kind === 'publish-failed' || kind === 'consumer-lost') metrics.inc('storageErrors', { store: 'kafka' });
}

/** Of a process. Measured in docs/decisions/0012-worker.md. */
const openModels = 16;
/** Of decoded image sets in memory. */
const imageBytes = 2 ** 28;
