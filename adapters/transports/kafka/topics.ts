import type { Admin } from 'kafkajs';
import { topics } from '../../../core/ports/transport.js';
import type { Topic } from '../../../core/ports/transport.js';
import { sleep } from '../intake/sleep.js';
import { maxMessageBytes, partitionsOf } from '../limits.js';
import { connectKafka } from './client.js';
import type { KafkaAddress } from './client.js';
import { brokerError } from './errors.js';

/** Kafka's name of every topic. */
export function topicNames(prefix: string): Readonly<Record<Topic, string>> {
  return {
    'tasks-gate': `${prefix}.tasks.gate.v1`,
    'tasks-fleet': `${prefix}.tasks.fleet.v1`,
    results: `${prefix}.results.v1`,
    verdicts: `${prefix}.verdicts.v1`,
    'dead-letters': `${prefix}.dead.v1`,
    closed: `${prefix}.closed.v1`,
  };
}

export interface TopicOptions extends KafkaAddress {
  readonly prefix: string;
  readonly partitions?: Partial<Record<Topic, number>> | undefined;
  /** The broker's default where undefined. */
  readonly replicationFactor?: number | undefined;
}

/**
 * Creates the topics that are missing and leaves the others as they are; several processes may do so at once.
 * @throws ScanError `storage-failed` (retryable) when the broker does not answer.
 */
export async function ensureTopics({ prefix, partitions, replicationFactor, ...address }: TopicOptions): Promise<void> {
  const admin = connectKafka(address).admin();
  const names = topicNames(prefix);
  try {
    await admin.connect();
    await admin.createTopics({
      waitForLeaders: false,
      topics: topics.map((topic) => ({
        topic: names[topic],
        numPartitions: partitions?.[topic] ?? partitionsOf[topic],
        replicationFactor: replicationFactor ?? -1,
        configEntries: [{ name: 'max.message.bytes', value: String(maxMessageBytes + roomForRest) }],
      })),
    });
    await untilServed(admin, Object.values(names));
  } catch (error) {
    throw brokerError(error, `topics ${prefix}.* could not be created at ${address.brokers.join(', ')}`);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/**
 * A broker learns of new topics a moment after the controller made them, partition by partition. Until it serves them all it
 * refuses a part of a batch, and all of the batch is then sent and stored again; so every leader is asked for its offsets.
 */
async function untilServed(admin: Admin, names: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      for (const name of names) await admin.fetchTopicOffsets(name);
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(200);
    }
  }
}

/** Keys, headers and the frame of a record batch. */
const roomForRest = 2 ** 20;
