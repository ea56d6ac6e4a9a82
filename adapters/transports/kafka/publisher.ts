import { CompressionTypes, Partitioners } from 'kafkajs';
import type { Producer } from 'kafkajs';
import type { Message, Topic } from '../../../core/ports/transport.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { OnEvent } from '../events.js';
import { sleep } from '../intake/sleep.js';
import { checkSize } from '../limits.js';
import { connectKafka } from './client.js';
import type { KafkaAddress } from './client.js';
import { brokerError, mayPass } from './errors.js';

/**
 * Publishes in batches, one per topic under way at a time: what is published meanwhile makes up the next one. With one under
 * way a repeated batch cannot overtake a later one, which keeps the order of a key without an idempotent producer; that a
 * repeated batch may be stored twice is what "at least once" says.
 */
export interface Publisher {
  publish(topic: Topic, messages: readonly Message[]): Promise<void>;
  close(): Promise<void>;
}

/** Messages that belong together in one call of `publish`. */
interface Call {
  left: number;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Waiting {
  readonly message: Message;
  readonly call: Call;
}

const patienceMs = 30_000;
/** Below the broker's default for a whole batch, 1 MiB, so that batching never makes a batch that is refused. */
const batchBytes = 768 * 2 ** 10;
const batchMessages = 500;
/** Time in which calls that come together are gathered. */
const lingerMs = 2;

export function createPublisher(
  address: KafkaAddress,
  names: Readonly<Record<Topic, string>>,
  onEvent: OnEvent,
): Publisher {
  const queues = new Map<Topic, Waiting[]>();
  const running = new Map<Topic, Promise<void>>();
  const closing = new AbortController();
  const producer: Producer = connectKafka(address).producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 500 },
  });
  let connected: Promise<void> | undefined;

  return {
    async publish(topic, messages) {
      for (const message of messages) checkSize(topic, message);
      if (closing.signal.aborted) throw closedError(topic);
      if (messages.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        const call = { left: messages.length, deadline: Date.now() + patienceMs, resolve, reject };
        const queue = queues.get(topic) ?? [];
        queues.set(topic, queue);
        for (const message of messages) queue.push({ message, call });
        if (!running.has(topic)) running.set(topic, run(topic, queue));
      });
    },
    async close() {
      closing.abort();
      await Promise.all(running.values());
      // Also after a failed connect or send, which leave connections behind.
      await producer.disconnect().catch(() => undefined);
    },
  };

  async function run(topic: Topic, queue: Waiting[]): Promise<void> {
    await sleep(lingerMs);
    while (queue.length > 0) {
      const batch = takeBatch(queue);
      try {
        await send(topic, batch);
        for (const { call } of batch) {
          onEvent({ kind: 'published', topic });
          if (--call.left === 0) call.resolve();
        }
      } catch (error) {
        // What waits as long as this batch did would only fail later for the same reason.
        const now = Date.now();
        const late = queue.filter(({ call }) => call.deadline <= now || closing.signal.aborted);
        const failed = new Set([...batch, ...late].map(({ call }) => call));
        for (const call of failed) {
          onEvent({ kind: 'publish-failed', topic, error });
          call.reject(error);
        }
        const rest = queue.filter(({ call }) => !failed.has(call));
        queue.splice(0, queue.length, ...rest);
      }
    }
    running.delete(topic);
  }

  async function send(topic: Topic, batch: readonly Waiting[]): Promise<void> {
    const deadline = Math.min(...batch.map(({ call }) => call.deadline));
    for (let pause = 200; ; pause = Math.min(2 * pause, 2_000)) {
      if (closing.signal.aborted && connected === undefined) throw closedError(topic);
      try {
        connected ??= producer.connect();
        await connected;
        await producer.send({
          topic: names[topic],
          acks: -1,
          compression: compressionOf(topic, batch),
          messages: batch.map(({ message: { key, value, headers } }) => ({
            key,
            value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
            ...(headers === undefined ? {} : { headers: { ...headers } }),
          })),
        });
        return;
      } catch (error) {
        connected = undefined;
        if (!mayPass(error) || closing.signal.aborted || Date.now() + pause >= deadline) {
          throw brokerError(error, `${batch.length} messages for ${names[topic]} could not be published`);
        }
        await sleep(pause, closing.signal);
      }
    }
  }
}

function takeBatch(queue: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { message } of queue) {
    bytes += message.value.byteLength;
    if (count > 0 && (bytes > batchBytes || count === batchMessages)) break;
    count++;
  }
  return queue.splice(0, count);
}

/** Tasks repeat names, digests and settings and shrink a lot; features are floats with random low bits and do not. */
function compressionOf(topic: Topic, batch: readonly Waiting[]): CompressionTypes {
  const tasks = topic === 'tasks-gate' || topic === 'tasks-fleet';
  return tasks && batch.length >= 8 ? CompressionTypes.GZIP : CompressionTypes.None;
}

function closedError(topic: Topic): ScanError {
  return new ScanError('storage-failed', `nothing is published to ${topic} any more: the transport is closed`, {
    retryable: true,
  });
}
