import type { Assignment, Consumer as KafkaConsumer, EachBatchPayload } from 'kafkajs';
import type { Topic } from '../../../core/ports/transport.js';
import type { TransportLogger } from '../events.js';
import type { Intake, Mark, Place } from '../intake/index.js';
import { sleep } from '../intake/sleep.js';
import { stickyAssigner } from './assigner.js';
import { connectKafka } from './client.js';
import type { KafkaAddress } from './client.js';
import { toDelivery } from './delivery.js';
import { textOf } from './errors.js';

/**
 * One membership in a group, from connecting to its end, which may be a crash; `consumer.ts` starts the next one.
 *
 * kafkajs fetches, heartbeats between fetches, and joins again when the group changes. Messages are only handed to the intake,
 * at once, so that no handler ever keeps kafkajs from its heartbeats. The position in a partition is ours: after every join,
 * kafkajs is sent to the first offset the intake has not taken, or to the committed offset where the partition is new here,
 * and what was fetched for another position is dropped. So nothing that is with a handler comes twice because of a join, and
 * nothing is skipped because an offset of an earlier membership is still around.
 */
export interface Session {
  /** Resolves with the reason when the session is of no use any more; never where `stop` ended it. */
  readonly lost: Promise<string>;
  readonly healthy: boolean;
  /** True once the group was joined. */
  readonly joined: boolean;
  start(): Promise<void>;
  commit(marks: readonly Mark[]): Promise<void>;
  /** Fetches of full topics are paused and the others are not. */
  regulate(topic: Topic): void;
  stop(): Promise<void>;
}

export interface SessionOptions {
  readonly address: KafkaAddress;
  readonly names: Readonly<Record<Topic, string>>;
  readonly topics: readonly Topic[];
  readonly group: string;
  readonly intake: Intake;
  readonly sessionTimeoutMs: number;
  readonly logger: TransportLogger | undefined;
  /** Where to begin in partitions that are new here. */
  readonly positionsOf: (topic: Topic, partitions: readonly number[]) => Promise<readonly bigint[]>;
  readonly onJoined: () => void;
}

/**
 * How long a fetch waits for messages, and kafkajs where all topics are full. An idle consumer costs two fetches and a
 * heartbeat a second; `stop` takes so long, because an answer is waited for, and so does it to notice a rebalance.
 */
const longPollMs = 500;
/** Without an answer for so long the broker counts as away. */
const silentMs = 8_000;
/** Without an answer for so long, longer than any join takes, kafkajs is taken to hang. */
const hungMs = 120_000;

export function createSession(options: SessionOptions): Session {
  const { address, names, topics, group, intake, sessionTimeoutMs, logger } = options;
  const topicOf = new Map(topics.map((topic) => [names[topic], topic]));
  const ending = new AbortController();
  const paused = new Set<Topic>();
  let joined = false;
  let joins = 0;
  let lastAnswer = Date.now();
  let positioned: Promise<void> = Promise.resolve();
  let started: Promise<void> = Promise.resolve();
  let markLost!: (reason: string) => void;
  const lost = new Promise<string>((resolve) => {
    markLost = resolve;
  });

  const consumer: KafkaConsumer = connectKafka(address).consumer({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.min(1_000, sessionTimeoutMs / 6),
    rebalanceTimeout: 30_000,
    maxWaitTimeInMs: longPollMs,
    maxBytesPerPartition: 2 ** 20,
    maxBytes: 10 * 2 ** 20,
    allowAutoTopicCreation: false,
    partitionAssigners: [stickyAssigner(ownedPartitions)],
    // Ten tries outlast a storm of rebalances; beyond that a fresh consumer is built here, in one place for all reasons.
    retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 1_000, restartOnFailure: () => Promise.resolve(false) },
  });
  consumer.on(consumer.events.REQUEST, () => {
    lastAnswer = Date.now();
  });
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    onJoin(payload.memberAssignment);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    end(textOf(payload.error));
  });
  const watchdog = setInterval(() => {
    if (Date.now() - lastAnswer > hungMs) end(`no answer for ${hungMs / 1000} s`);
  }, 5_000);

  return {
    lost,
    get healthy() {
      return joined && !ending.signal.aborted && Date.now() - lastAnswer < silentMs;
    },
    get joined() {
      return joined;
    },
    start() {
      started = join();
      return started;
    },
    async commit(marks) {
      await consumer.commitOffsets(
        marks.map(({ topic, partition, offset }) => ({ topic: names[topic], partition, offset: String(offset) })),
      );
    },
    regulate,
    async stop() {
      end(undefined);
      // Stopped while it joins, kafkajs would go on to join and then hold partitions that nobody serves.
      await started.catch(() => undefined);
      await consumer.disconnect();
      await positioned;
    },
  };

  async function join(): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topics: topics.map((topic) => names[topic]), fromBeginning: true });
    if (!ending.signal.aborted) await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
  }

  function end(reason: string | undefined): void {
    if (ending.signal.aborted) return;
    ending.abort();
    clearInterval(watchdog);
    if (reason !== undefined) markLost(reason);
  }

  function onJoin(assignment: Assignment): void {
    if (ending.signal.aborted) return;
    const mine: Place[] = Object.entries(assignment).flatMap(([name, partitions]) => {
      const topic = topicOf.get(name);
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }));
    });
    const fresh: Place[] = [];
    for (const { topic, partition } of intake.held()) {
      if (!mine.some((place) => place.topic === topic && place.partition === partition)) intake.close(topic, partition);
    }
    for (const { topic, partition } of mine) {
      const next = intake.next(topic, partition);
      if (next === undefined) fresh.push({ topic, partition });
      else consumer.seek({ topic: names[topic], partition, offset: String(next) });
    }
    for (const topic of topics) regulate(topic);
    joins++;
    joined = true;
    positioned = fresh.length === 0 ? Promise.resolve() : position(fresh, joins);
    // A commit under way may have failed with the membership it was made in.
    intake.forgetKept();
    options.onJoined();
  }

  async function position(fresh: readonly Place[], join: number): Promise<void> {
    const current = (): boolean => join === joins && !ending.signal.aborted;
    for (const topic of new Set(fresh.map((place) => place.topic))) {
      const partitions = fresh.filter((place) => place.topic === topic).map((place) => place.partition);
      const offsets = await retry(() => options.positionsOf(topic, partitions), current);
      if (!current()) return;
      if (offsets === undefined) {
        end(`the offsets of ${names[topic]} could not be read`);
        return;
      }
      for (const [index, partition] of partitions.entries()) {
        const first = offsets[index]!;
        intake.open(topic, partition, first);
        consumer.seek({ topic: names[topic], partition, offset: String(first) });
      }
    }
  }

  async function retry<T>(work: () => Promise<T>, wanted: () => boolean): Promise<T | undefined> {
    for (let tries = 0; tries < 5 && wanted(); tries++) {
      try {
        return await work();
      } catch (error) {
        logger?.debug({ group, error: textOf(error) }, 'offsets could not be read');
        await sleep(200 * 2 ** tries, ending.signal);
      }
    }
    return undefined;
  }

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    await positioned;
    const { batch } = payload;
    const topic = topicOf.get(batch.topic);
    if (topic === undefined || ending.signal.aborted || payload.isStale() || !payload.isRunning()) return;
    const { partition } = batch;
    for (const message of batch.messages) {
      const next = intake.next(topic, partition);
      if (next === undefined) return;
      if (BigInt(message.offset) < next) {
        // The broker lost the end of its log or has a new one by the same name: what was known of the old one counts no more.
        intake.close(topic, partition);
        intake.open(topic, partition, BigInt(message.offset));
      }
      intake.accept(toDelivery(topic, partition, message));
      payload.resolveOffset(message.offset);
    }
    regulate(topic);
  }

  function regulate(topic: Topic): void {
    if (ending.signal.aborted) return;
    const full = intake.full(topic);
    if (full === paused.has(topic)) return;
    try {
      if (full) consumer.pause([{ topic: names[topic] }]);
      else consumer.resume([{ topic: names[topic] }]);
    } catch {
      // Between two memberships there is nothing to pause; the next join regulates all topics.
      return;
    }
    if (full) paused.add(topic);
    else paused.delete(topic);
  }

  function ownedPartitions(): Assignment {
    const owned: Assignment = {};
    for (const { topic, partition } of intake.held()) (owned[names[topic]] ??= []).push(partition);
    return owned;
  }
}
