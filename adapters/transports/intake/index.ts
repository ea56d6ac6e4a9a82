import type { Delivery, Subscription, Topic } from '../../../core/ports/transport.js';
import type { OnEvent } from '../events.js';
import { createPositions } from './positions.js';
import type { Positions } from './positions.js';
import { sleep } from './sleep.js';
import { createWindow } from './window.js';
import type { Pauses, Window } from './window.js';

/**
 * What every consumer does between the broker and the handler, whatever the broker: it holds the partitions this consumer has,
 * bounds what is with the handler, delivers again what was rejected, and knows up to where a partition is handled.
 */
export interface Intake {
  /** The partition is ours, from this offset on. */
  open(topic: Topic, partition: number, first: bigint): void;
  /** The partition is not ours any more: signals of its deliveries abort, what they resolve to counts for nothing. */
  close(topic: Topic, partition: number): void;
  held(): readonly Place[];
  /** The offset that should come next; undefined where the partition is not ours. */
  next(topic: Topic, partition: number): bigint | undefined;
  /** Of a partition that is ours, in rising order of offsets. */
  accept(delivery: Delivery): void;
  /** True while so much waits locally that no more should be fetched. */
  full(topic: Topic): boolean;
  /** Low-water marks that moved since they were kept. */
  marks(): readonly Mark[];
  /** These marks are stored. */
  kept(marks: readonly Mark[]): void;
  /** Nothing is known about what is stored, so all marks are to be stored again. */
  forgetKept(): void;
  /** Hands over nothing more, waits for the handlers at most so long, and aborts those that are left. */
  drain(graceMs: number): Promise<void>;
}

export interface Place {
  readonly topic: Topic;
  readonly partition: number;
}

export interface Mark extends Place {
  readonly offset: bigint;
}

export interface IntakeOptions {
  readonly subscription: Subscription;
  readonly pauses: Pauses;
  /** What may wait in this process beyond what is with the handler, per topic. */
  readonly backlog: { readonly messages: number; readonly bytes: number };
  readonly onEvent: OnEvent;
  /** The topic may have become full or not full. */
  readonly onRoom: (topic: Topic) => void;
  /** A mark may have moved. */
  readonly onProgress: () => void;
}

interface Held extends Place {
  readonly positions: Positions;
  readonly controllers: Set<AbortController>;
  kept: bigint | undefined;
}

export function createIntake(options: IntakeOptions): Intake {
  const { subscription, pauses, backlog, onEvent, onRoom, onProgress } = options;
  const partitions = new Map<string, Held>();
  const idle = new Set<() => void>();
  let draining = false;
  const windows = new Map<Topic, Window>(
    subscription.topics.map((topic) => [
      topic,
      createWindow({
        topic,
        maxInFlight: subscription.maxInFlight,
        handle: subscription.handle,
        pauses,
        onEvent,
        onChange: () => {
          onRoom(topic);
          if (isIdle()) for (const resolve of idle) resolve();
        },
      }),
    ]),
  );

  return {
    open(topic, partition, first) {
      partitions.set(nameOf(topic, partition), {
        topic,
        partition,
        positions: createPositions(first),
        controllers: new Set(),
        kept: undefined,
      });
      onProgress();
    },

    close(topic, partition) {
      const held = partitions.get(nameOf(topic, partition));
      if (held === undefined) return;
      partitions.delete(nameOf(topic, partition));
      for (const controller of held.controllers) controller.abort();
    },

    held: () => [...partitions.values()].map(({ topic, partition }) => ({ topic, partition })),

    next: (topic, partition) => partitions.get(nameOf(topic, partition))?.positions.next,

    accept(delivery) {
      const { topic, partition } = delivery;
      const held = partitions.get(nameOf(topic, partition));
      const window = windows.get(topic);
      if (held === undefined || window === undefined) throw new Error(`${topic}/${partition} is not held`);
      const offset = BigInt(delivery.offset);
      const controller = new AbortController();
      held.positions.take(offset);
      held.controllers.add(controller);
      window.push({
        delivery,
        controller,
        settle: () => {
          held.positions.settle(offset);
          onProgress();
        },
        release: () => held.controllers.delete(controller),
      });
    },

    full(topic) {
      const window = windows.get(topic);
      if (draining || window === undefined) return true;
      return window.queuedMessages >= backlog.messages || window.queuedBytes >= backlog.bytes;
    },

    marks: () =>
      [...partitions.values()]
        .filter(({ positions, kept }) => positions.lowWater !== kept)
        .map(({ topic, partition, positions }) => ({ topic, partition, offset: positions.lowWater })),

    kept(marks) {
      for (const { topic, partition, offset } of marks) {
        const held = partitions.get(nameOf(topic, partition));
        if (held !== undefined) held.kept = offset;
      }
    },

    forgetKept() {
      for (const held of partitions.values()) held.kept = undefined;
      onProgress();
    },

    async drain(graceMs) {
      draining = true;
      for (const [topic, window] of windows) {
        window.close();
        onRoom(topic);
      }
      if (!isIdle() && graceMs > 0) {
        const finished = new AbortController();
        const finish = (): void => {
          finished.abort();
        };
        idle.add(finish);
        await sleep(graceMs, finished.signal);
        idle.delete(finish);
      }
      for (const held of partitions.values()) for (const controller of held.controllers) controller.abort();
    },
  };

  function isIdle(): boolean {
    return [...windows.values()].every((window) => window.inFlight === 0);
  }
}

function nameOf(topic: Topic, partition: number): string {
  return `${topic}/${partition}`;
}
