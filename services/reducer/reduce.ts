import { once } from 'node:events';
import { Client, Connection } from '@temporalio/client';
import { createMetrics } from '../../adapters/metrics/registry.js';
import { openPostgresScanStore } from '../../adapters/stores/scans/postgres.js';
import { createKafkaTransport, ensureTopics } from '../../adapters/transports/kafka/index.js';
import { partitionsOfEach } from '../../adapters/transports/limits.js';
import type { ScanStore } from '../../core/ports/scan-store.js';
import type { Consumer } from '../../core/ports/transport.js';
import { signalAdvanced } from '../../workflows/client.js';
import { serveHttp } from '../common/http.js';
import { createLogger } from '../common/logger.js';
import { startTracing } from '../common/tracing.js';
import { untilAnswered } from '../common/until-answered.js';
import { startGauges } from './gauges.js';
import { createResultHandler } from './handle-result.js';
import { createNoticeTraces } from './notice-traces.js';
import { keptNullTables } from './null-tables.js';
import { startRelay } from './relay.js';
import { reducerSettings } from './settings.js';

/** Results that are with the handler at a time; each takes a connection to the database while it is stored. */
const inFlight = 8;
const connections = 12;
/** Milliseconds for one signal; well below the time after which a notice is given to another process. */
const signalMs = 5000;
const gaugesMs = 5000;

/** The reducer from its settings to the end of its draining. */
export async function reduce(env: NodeJS.ProcessEnv, stopping: AbortSignal): Promise<void> {
  const settings = reducerSettings(env);
  const logger = createLogger({ service: 'reducer', level: settings.logLevel });
  const metrics = createMetrics();
  const tracing = await startTracing({ service: 'reducer', endpoint: settings.otlpEndpoint, logger });
  const kafka = { brokers: settings.kafkaBrokers, clientId: 'neuroninspect-reducer', prefix: settings.kafkaPrefix };
  const transport = createKafkaTransport({ ...kafka, logger });
  const temporal = Connection.lazy({ address: settings.temporalAddress });
  const client = new Client({
    connection: temporal,
    namespace: settings.temporalNamespace,
    interceptors: { workflow: tracing.temporal.client },
  });

  let store: ScanStore | undefined;
  let consumer: Consumer | undefined;
  const http = await serveHttp({
    host: settings.httpHost,
    port: settings.httpPort,
    live: () => [],
    ready: async () => {
      if (stopping.aborted) return ['stopping'];
      if (store === undefined || consumer === undefined)
        return [`starting: waiting for ${store ? 'kafka' : 'postgres'}`];
      await store.waitingNotices();
      return consumer.healthy ? [] : ['the consumer of results has not joined its group'];
    },
    metrics,
  });
  logger.info({ port: http.port, url: http.url }, 'listening');

  const waiting = { stopping, logger, metrics };
  try {
    const opened = await untilAnswered('postgres', waiting, () =>
      openPostgresScanStore({ url: settings.databaseUrl, maxConnections: connections }),
    );
    if (opened === undefined) return;
    store = opened;
    const traces = createNoticeTraces();
    const relay = startRelay({
      store: opened,
      deliver: (notice) =>
        traces.deliver(notice, () => client.withDeadline(Date.now() + signalMs, () => signalAdvanced(client, notice))),
      metrics,
      logger,
    });
    const handle = createResultHandler({
      store: opened,
      publish: (topic, messages) => transport.publish(topic, messages),
      nullTables: keptNullTables(),
      metrics,
      logger,
      traces,
      onAdvanced: relay.wake,
    });
    const joined = await untilAnswered('kafka', waiting, async () => {
      await ensureTopics({ ...kafka, partitions: partitionsOfEach(settings.kafkaPartitions), logger });
      return transport.subscribe({
        group: `${settings.kafkaPrefix}-reducers`,
        topics: ['results'],
        maxInFlight: inFlight,
        handle,
      });
    });
    if (joined !== undefined) {
      consumer = joined;
      const gauges = startGauges({ store: opened, consumer: joined, metrics, everyMs: gaugesMs });
      if (!stopping.aborted) await once(stopping, 'abort');
      await joined.stop({ graceMs: settings.drainSeconds * 1000 });
      gauges.stop();
    }
    await relay.stop();
  } finally {
    await transport.close();
    await store?.close();
    await temporal.close().catch(() => undefined);
    await http.stop();
    await tracing.stop();
  }
}
