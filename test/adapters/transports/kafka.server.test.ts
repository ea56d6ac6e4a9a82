import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { createKafkaTransport, ensureTopics, topicNames } from '../../../adapters/transports/kafka/index.js';
import type { Transport } from '../../../core/ports/transport.js';
import { runTransportContract } from '../../contract/transport.js';
import { testServers } from '../../support/servers.js';

runTransportContract({
  name: 'Kafka',
  newBroker: async () => {
    const { brokers } = testServers().kafka;
    const prefix = `transport-${randomUUID()}`;
    const partitions = { 'tasks-gate': 4, 'tasks-fleet': 4, results: 3, verdicts: 1 };
    await ensureTopics({ brokers, clientId: 'test', prefix, partitions });
    const clients: Transport[] = [];
    return {
      connect(onEvent) {
        const pauses = { first: 5, max: 20 };
        const client = createKafkaTransport({
          brokers,
          clientId: 'test',
          prefix,
          onEvent,
          pauses,
          sessionTimeoutMs: 10_000,
        });
        clients.push(client);
        return {
          ...client,
          // Groups are the broker's, not the prefix's.
          subscribe: (subscription) =>
            client.subscribe({ ...subscription, group: subscription.group && `${prefix}-${subscription.group}` }),
        };
      },
      async close() {
        await Promise.all(clients.map((client) => client.close()));
        const admin = new Kafka({ brokers, clientId: 'test', logLevel: logLevel.NOTHING }).admin();
        await admin.connect();
        await admin.deleteTopics({ topics: Object.values(topicNames(prefix)) });
        await admin.disconnect();
      },
    };
  },
});
