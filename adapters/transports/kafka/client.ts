import { Kafka, logLevel } from 'kafkajs';
import type { LogEntry } from 'kafkajs';
import type { TransportLogger } from '../events.js';
import { quietQueues } from './quiet-queues.js';

quietQueues();

export interface KafkaAddress {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly logger?: TransportLogger | undefined;
}

/**
 * Clients of one `Kafka` share what they know about a group's offsets, also two consumers of one group in one process, so
 * every consumer gets its own.
 */
export function connectKafka({ brokers, clientId, logger }: KafkaAddress): Kafka {
  return new Kafka({
    brokers: [...brokers],
    clientId,
    connectionTimeout: 5_000,
    requestTimeout: 20_000,
    // Short, because what calls it tries again itself and must notice in time when to give up.
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    logLevel: logger === undefined ? logLevel.NOTHING : logLevel.WARN,
    logCreator: () => (entry) => {
      if (logger !== undefined) forward(logger, entry);
    },
  });
}

/** What kafkajs calls an error it repeats by itself; what it does not mend reaches the caller as an exception. */
function forward(logger: TransportLogger, { level, namespace, log: { message, ...rest } }: LogEntry): void {
  const fields = { kafka: namespace, broker: textField(rest.broker), group: textField(rest.groupId) };
  if (level === logLevel.ERROR) logger.warn(fields, message);
  else logger.debug(fields, message);
}

function textField(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
