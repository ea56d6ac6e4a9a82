import type { Consumer, Transport } from '../../../core/ports/transport.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { OnEvent, TransportLogger } from '../events.js';
import { redeliveryPauses } from '../intake/window.js';
import type { Pauses } from '../intake/window.js';
import { createOffsetReader } from './admin.js';
import { createConsumer } from './consumer.js';
import { createPublisher } from './publisher.js';
import { topicNames } from './topics.js';

export { ensureTopics, topicNames } from './topics.js';
export type { TransportEvent, TransportLogger } from '../events.js';

export interface KafkaTransportOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Of all topic names. */
  readonly prefix: string;
  readonly logger?: TransportLogger | undefined;
  readonly onEvent?: OnEvent | undefined;
  /** After so long without a heartbeat a consumer counts as dead and its partitions go to others. */
  readonly sessionTimeoutMs?: number | undefined;
  readonly pauses?: Pauses | undefined;
}

/** The queues of the pipeline on Kafka. The topics exist already: see `ensureTopics`. Nothing is connected before it is used. */
export function createKafkaTransport(options: KafkaTransportOptions): Transport {
  const { brokers, clientId, logger, onEvent = () => undefined } = options;
  const names = topicNames(options.prefix);
  const address = { brokers, clientId, logger };
  const publisher = createPublisher(address, names, onEvent);
  const offsets = createOffsetReader(address, names);
  const consumers = new Set<Consumer>();
  let closed: Promise<void> | undefined;
  const isClosed = (): boolean => closed !== undefined;

  return {
    publish: (topic, messages) => publisher.publish(topic, messages),

    async subscribe(subscription) {
      if (isClosed()) throw closedError();
      const consumer = await createConsumer({
        address,
        names,
        offsets,
        subscription,
        sessionTimeoutMs: options.sessionTimeoutMs ?? 15_000,
        pauses: options.pauses ?? redeliveryPauses,
        onEvent,
        onStopped: () => consumers.delete(consumer),
      });
      if (isClosed()) {
        await consumer.stop({ graceMs: 0 });
        throw closedError();
      }
      consumers.add(consumer);
      return consumer;
    },

    close() {
      closed ??= (async () => {
        await Promise.all([...consumers].map((consumer) => consumer.stop({ graceMs: 0 })));
        await Promise.all([publisher.close(), offsets.close()]);
      })();
      return closed;
    },
  };
}

function closedError(): ScanError {
  return new ScanError('storage-failed', 'nothing can be subscribed to: the transport is closed', { retryable: true });
}
