import type { Subscription, Topic } from '../../../core/ports/transport.js';
import type { OnEvent } from '../events.js';
import { createIntake } from '../intake/index.js';
import type { Intake } from '../intake/index.js';
import { spread } from '../intake/spread.js';
import type { Pauses } from '../intake/window.js';
import type { Log } from './log.js';

/** Consumers that share the messages of their topics: every partition is with one of them. */
export interface Group {
  join(subscription: Subscription, options: MemberOptions): { stop(graceMs: number): Promise<void> };
  /** There may be new messages. */
  wake(topic: Topic): void;
  /** Up to where the group has handled a partition; undefined where it never subscribed to the topic. */
  mark(topic: Topic, partition: number): bigint | undefined;
  lag(topic: Topic): number;
}

export interface MemberOptions {
  readonly pauses: Pauses;
  readonly onEvent: OnEvent;
  readonly onKept: (topic: Topic) => void;
}

interface Member {
  readonly topics: readonly Topic[];
  readonly intake: Intake;
  readonly keep: () => void;
}

export function createGroup(logs: Readonly<Record<Topic, readonly Log[]>>, from: 'start' | 'end'): Group {
  const marks = new Map<Topic, bigint[]>();
  const members = new Set<Member>();

  return {
    join(subscription, { pauses, onEvent, onKept }) {
      for (const topic of subscription.topics) {
        if (!marks.has(topic))
          marks.set(
            topic,
            logs[topic].map((log) => (from === 'start' ? log.start : log.end)),
          );
      }
      const intake = createIntake({
        subscription,
        pauses,
        backlog: { messages: 1, bytes: Number.POSITIVE_INFINITY },
        onEvent,
        onRoom: (topic) => {
          feed(member, topic);
        },
        onProgress: () => {
          member.keep();
        },
      });
      const member: Member = {
        topics: subscription.topics,
        intake,
        keep() {
          const moved = intake.marks();
          for (const { topic, partition, offset } of moved) marks.get(topic)![partition] = offset;
          intake.kept(moved);
          for (const topic of new Set(moved.map((mark) => mark.topic))) onKept(topic);
        },
      };
      members.add(member);
      rebalance();
      return {
        async stop(graceMs) {
          if (!members.has(member)) return;
          await intake.drain(graceMs);
          members.delete(member);
          for (const { topic, partition } of intake.held()) intake.close(topic, partition);
          rebalance();
        },
      };
    },
    wake: feedAll,
    mark: (topic, partition) => marks.get(topic)?.[partition],
    lag: (topic) =>
      (marks.get(topic) ?? []).reduce((sum, mark, partition) => sum + Number(logs[topic][partition]!.end - mark), 0),
  };

  function rebalance(): void {
    for (const [topic, offsets] of marks) {
      const readers = [...members].filter((member) => member.topics.includes(topic));
      if (readers.length === 0) continue;
      const owned = new Map(readers.map((member) => [member, ownedBy(member, topic)]));
      const wanted = spread([...offsets.keys()], owned);
      for (const [member, partitions] of owned) {
        for (const partition of partitions) {
          if (!wanted.get(member)!.includes(partition)) member.intake.close(topic, partition);
        }
      }
      for (const [member, partitions] of wanted) {
        for (const partition of partitions) {
          if (!owned.get(member)!.includes(partition)) member.intake.open(topic, partition, offsets[partition]!);
        }
      }
      feedAll(topic);
    }
  }

  function ownedBy(member: Member, topic: Topic): number[] {
    return member.intake
      .held()
      .filter((place) => place.topic === topic)
      .map((place) => place.partition);
  }

  function feedAll(topic: Topic): void {
    for (const member of members) feed(member, topic);
  }

  /** Later, not now: a publisher is never inside a handler. */
  function feed(member: Member, topic: Topic): void {
    setImmediate(() => {
      let fed = true;
      while (fed) {
        fed = false;
        for (const partition of ownedBy(member, topic)) {
          if (member.intake.full(topic) || !members.has(member)) return;
          const message = logs[topic][partition]!.read(member.intake.next(topic, partition)!);
          if (message === undefined) continue;
          const { offset, ...rest } = message;
          member.intake.accept({ ...rest, topic, partition, offset: String(offset) });
          fed = true;
        }
      }
    });
  }
}
