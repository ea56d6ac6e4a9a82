import { NativeConnection, Worker } from '@temporalio/worker';
import { createMetrics } from '../../adapters/metrics/registry.js';
import { openPostgresScanStore } from '../../adapters/stores/scans/postgres.js';
import { createKafkaTransport, ensureTopics } from '../../adapters/transports/kafka/index.js';
import { partitionsOfEach } from '../../adapters/transports/limits.js';
import type { ScanStore } from '../../core/ports/scan-store.js';
import { orchestratorTaskQueue } from '../../workflows/scan-model/contract.js';
import { encodeImage } from '../common/encode-image.js';
import { serveHttp } from '../common/http.js';
import { createLogger } from '../common/logger.js';
import { configuredObjectStore } from '../common/object-store.js';
import { startTracing } from '../common/tracing.js';
import { untilAnswered } from '../common/until-answered.js';
import { packageVersion } from '../common/version.js';
import { createActivities } from './activities/index.js';
import { workflowBundle } from './bundle.js';
import { orchestratorSettings } from './settings.js';
import { installRuntime } from './temporal-runtime.js';

/** Activities of each kind side by side; each takes a connection to the database for some milliseconds. */
const sideBySide = 20;
const connections = 12;

/** The orchestrator from its settings to the end of its draining. */
export async function orchestrate(env: NodeJS.ProcessEnv, stopping: AbortSignal): Promise<void> {
  const settings = orchestratorSettings(env);
  const objects = configuredObjectStore(settings.objectStore);
  const logger = createLogger({ service: 'orchestrator', level: settings.logLevel });
  const bundle = await workflowBundle(settings.otlpEndpoint !== undefined);
  installRuntime(logger);
  const metrics = createMetrics();
  const { temporal: traced, ...tracing } = await startTracing({
    service: 'orchestrator',
    endpoint: settings.otlpEndpoint,
    logger,
  });
  const kafka = {
    brokers: settings.kafkaBrokers,
    clientId: 'neuroninspect-orchestrator',
    prefix: settings.kafkaPrefix,
  };
  const transport = createKafkaTransport({ ...kafka, logger });

  let waitingFor = 'postgres';
  let store: ScanStore | undefined;
  let connection: NativeConnection | undefined;
  let worker: Worker | undefined;
  const http = await serveHttp({
    host: settings.httpHost,
    port: settings.httpPort,
    live: () => [],
    ready: async () => {
      if (stopping.aborted) return ['stopping'];
      if (store === undefined || worker === undefined) return [`starting: waiting for ${waitingFor}`];
      await store.waitingNotices();
      const state = worker.getState();
      return state === 'RUNNING' ? [] : [`the Temporal worker is ${state.toLowerCase()}`];
    },
    metrics,
  });
  logger.info({ port: http.port, url: http.url }, 'listening');

  const wait = <T>(server: string, call: () => Promise<T>): Promise<T | undefined> => {
    waitingFor = server;
    return untilAnswered(server, { stopping, logger, metrics }, call);
  };
  try {
    const opened = await wait('postgres', () =>
      openPostgresScanStore({ url: settings.databaseUrl, maxConnections: connections }),
    );
    if (opened === undefined) return;
    store = opened;
    await wait('kafka', () =>
      ensureTopics({ ...kafka, partitions: partitionsOfEach(settings.kafkaPartitions), logger }),
    );
    const connected = await wait('temporal', () => NativeConnection.connect({ address: settings.temporalAddress }));
    if (connected === undefined) return;
    connection = connected;
    const started = await wait('temporal', async () =>
      Worker.create({
        connection: connected,
        namespace: settings.temporalNamespace,
        taskQueue: orchestratorTaskQueue,
        workflowBundle: bundle,
        activities: createActivities({
          store: opened,
          objects,
          publish: (topic, messages) => transport.publish(topic, messages),
          encodeImage,
          metrics,
          logger,
          now: Date.now,
          version: packageVersion(),
        }),
        interceptors: { activity: traced.activity },
        sinks: traced.sinks,
        maxConcurrentActivityTaskExecutions: sideBySide,
        maxConcurrentLocalActivityExecutions: sideBySide,
        shutdownGraceTime: settings.drainSeconds * 1000,
        shutdownForceTime: (settings.drainSeconds + 3) * 1000,
      }),
    );
    if (started === undefined) return;
    worker = started;
    const shutDown = () => {
      started.shutdown();
    };
    const running = started.run();
    if (stopping.aborted) shutDown();
    else stopping.addEventListener('abort', shutDown, { once: true });
    await running;
  } finally {
    await connection?.close().catch(() => undefined);
    await transport.close();
    await store?.close();
    await http.stop();
    await tracing.stop();
  }
}
