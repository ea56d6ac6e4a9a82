import { randomUUID } from 'node:crypto';
import type { Topic, Transport } from '../../../core/ports/transport.js';
import { topics } from '../../../core/ports/transport.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { OnEvent } from '../events.js';
import { redeliveryPauses } from '../intake/window.js';
import type { Pauses } from '../intake/window.js';
import { checkSize, partitionsOf } from '../limits.js';
import { createGroup } from './group.js';
import type { Group } from './group.js';
import { createLog } from './log.js';
import type { Log } from './log.js';
import { partitionOf } from './partition-of.js';

export interface MemoryTransportOptions {
  readonly onEvent?: OnEvent | undefined;
  readonly pauses?: Pauses | undefined;
  /** Messages that are kept of a partition nobody has subscribed to yet. */
  readonly unreadLimit?: number | undefined;
}

/**
 * A broker inside one process: partitions, groups and delivery as Kafka's, nothing on disk. A group starts with what is still
 * there; messages that all groups have handled are dropped. Transports opened with `attach` see the same messages, as clients
 * of one broker do.
 */
export interface MemoryTransport extends Transport {
  attach(options?: MemoryTransportOptions): MemoryTransport;
}

export function createMemoryTransport(options: MemoryTransportOptions = {}): MemoryTransport {
  return connect(createBroker(options.unreadLimit ?? 10_000), options);
}

interface Broker {
  readonly logs: Readonly<Record<Topic, readonly Log[]>>;
  readonly groups: Map<string, Group>;
  readonly unreadLimit: bigint;
}

function createBroker(unreadLimit: number): Broker {
  const logs = Object.fromEntries(
    topics.map((topic) => [topic, Array.from({ length: partitionsOf[topic] }, createLog)]),
  ) as unknown as Record<Topic, Log[]>;
  return { logs, groups: new Map(), unreadLimit: BigInt(unreadLimit) };
}

function connect(broker: Broker, options: MemoryTransportOptions): MemoryTransport {
  const { pauses = redeliveryPauses, onEvent = () => undefined } = options;
  const stops = new Set<(options: { graceMs: number }) => Promise<void>>();
  let closed = false;

  return {
    attach: (others = {}) => connect(broker, others),

    publish(topic, messages) {
      return settle(() => {
        if (closed) throw new ScanError('storage-failed', 'the transport is closed', { retryable: true });
        for (const message of messages) checkSize(topic, message);
        const logs = broker.logs[topic];
        for (const message of messages) logs[partitionOf(message.key, logs.length)]!.append(message);
        messages.forEach(() => {
          onEvent({ kind: 'published', topic });
        });
        for (const log of logs) trim(topic, log);
        for (const group of broker.groups.values()) group.wake(topic);
      });
    },

    subscribe(subscription) {
      return settle(() => {
        if (closed) throw new ScanError('storage-failed', 'the transport is closed', { retryable: true });
        const broadcast = subscription.group === undefined;
        const name = subscription.group ?? randomUUID();
        const group = broker.groups.get(name) ?? createGroup(broker.logs, broadcast ? 'end' : 'start');
        broker.groups.set(name, group);
        const member = group.join(subscription, { pauses, onEvent, onKept: trimAll });
        const stop = async ({ graceMs }: { graceMs: number }): Promise<void> => {
          stops.delete(stop);
          await member.stop(graceMs);
          if (broadcast) broker.groups.delete(name);
        };
        stops.add(stop);
        return {
          get healthy() {
            return stops.has(stop);
          },
          lag: () => settle(() => new Map(subscription.topics.map((topic) => [topic, group.lag(topic)]))),
          stop,
        };
      });
    },

    async close() {
      closed = true;
      await Promise.all([...stops].map((stop) => stop({ graceMs: 0 })));
    },
  };

  function trimAll(topic: Topic): void {
    for (const log of broker.logs[topic]) trim(topic, log);
  }

  function trim(topic: Topic, log: Log): void {
    const partition = broker.logs[topic].indexOf(log);
    const marks = [...broker.groups.values()].flatMap((group) => group.mark(topic, partition) ?? []);
    log.trim(marks.length === 0 ? log.end - broker.unreadLimit : marks.reduce((a, b) => (a < b ? a : b)));
  }
}

/** What a function returns or throws, as a promise. */
function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
