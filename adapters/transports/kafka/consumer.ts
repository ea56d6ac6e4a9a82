import { randomUUID } from 'node:crypto';
import type { Consumer, Subscription, Topic } from '../../../core/ports/transport.js';
import type { OnEvent } from '../events.js';
import { createIntake } from '../intake/index.js';
import { sleep } from '../intake/sleep.js';
import type { Pauses } from '../intake/window.js';
import type { OffsetReader } from './admin.js';
import type { KafkaAddress } from './client.js';
import { brokerError, textOf } from './errors.js';
import { createSession } from './session.js';
import type { Session } from './session.js';

export interface ConsumerOptions {
  readonly address: KafkaAddress;
  readonly names: Readonly<Record<Topic, string>>;
  readonly offsets: OffsetReader;
  readonly subscription: Subscription;
  readonly sessionTimeoutMs: number;
  readonly pauses: Pauses;
  readonly onEvent: OnEvent;
  readonly onStopped: () => void;
}

const commitEveryMs = 200;
/** How long `subscribe` waits for the group before it leaves the rest to the background. */
const joinPatienceMs = 15_000;
/** How long `stop` waits for the group: a rebalance under way can keep a member for longer, which then leaves after it. */
const leavePatienceMs = 5_000;
/** What may wait locally: enough work for the time of a fetch, little enough to give up when a partition goes. */
const backlog = { messages: 256, bytes: 4 * 2 ** 20 };

/** A consumer that outlives its connections: whatever ends a session, there will be another one. */
export async function createConsumer(options: ConsumerOptions): Promise<Consumer> {
  const { address, names, offsets, subscription, onEvent } = options;
  const { topics } = subscription;
  const { logger } = address;
  const broadcast = subscription.group === undefined;
  const group = subscription.group ?? `${address.clientId}-${randomUUID()}`;
  const stopping = new AbortController();
  const firstJoin = new AbortController();
  const ends = new Map<Topic, ReadonlyMap<number, bigint>>();
  let session: Session | undefined;
  /** Sessions that were lost, until they let go of their connections. */
  const ending = new Set<Promise<void>>();
  let commitTimer: NodeJS.Timeout | undefined;
  let committing: Promise<void> = Promise.resolve();
  let stopped: Promise<void> | undefined;

  const intake = createIntake({
    subscription,
    pauses: options.pauses,
    backlog,
    onEvent,
    onRoom: (topic) => session?.regulate(topic),
    onProgress: scheduleCommit,
  });
  const running = run();
  await sleep(joinPatienceMs, firstJoin.signal, stopping.signal);

  return {
    get healthy() {
      return session?.healthy ?? false;
    },
    lag: async () => {
      try {
        return new Map(await Promise.all(topics.map(async (topic) => [topic, await lagOf(topic)] as const)));
      } catch (error) {
        throw brokerError(error, `the lag of group ${group} could not be read`);
      }
    },
    stop: ({ graceMs }) => (stopped ??= stop(graceMs)),
  };

  async function run(): Promise<void> {
    const stop = aborted(stopping.signal);
    for (let pause = 500; !stopping.signal.aborted; pause = Math.min(2 * pause, 5_000)) {
      const next = createSession({
        address,
        names,
        topics,
        group,
        intake,
        sessionTimeoutMs: options.sessionTimeoutMs,
        logger,
        positionsOf,
        onJoined: () => {
          pause = 500;
          firstJoin.abort();
        },
      });
      session = next;
      const reason = await Promise.race([begin(next), stop]);
      if (reason === undefined) return;
      logger?.warn({ group, reason }, 'consumer lost, building a new one');
      onEvent({ kind: 'consumer-lost', topic: undefined, error: reason });
      session = undefined;
      // Not waited for: what made it hang may keep it from leaving too.
      const end = next.stop().catch(() => undefined);
      ending.add(end);
      void end.then(() => ending.delete(end));
      await sleep(pause, stopping.signal);
    }
  }

  /** Runs a session until it is lost. */
  async function begin(next: Session): Promise<string> {
    try {
      if (broadcast) await noteEnds();
      await next.start();
    } catch (error) {
      return textOf(error);
    }
    return next.lost;
  }

  /** A broadcast begins at the end that the topics had when it was subscribed, however long the first join takes. */
  async function noteEnds(): Promise<void> {
    for (const topic of topics) {
      if (ends.has(topic)) continue;
      const bounds = await offsets.bounds(topic);
      ends.set(topic, new Map([...bounds].map(([partition, { end }]) => [partition, end])));
    }
  }

  async function positionsOf(topic: Topic, partitions: readonly number[]): Promise<readonly bigint[]> {
    const known = ends.get(topic) ?? (await offsets.committed(group, topic));
    if (partitions.every((partition) => known.get(partition) !== undefined)) {
      return partitions.map((partition) => known.get(partition)!);
    }
    const bounds = await offsets.bounds(topic);
    if (partitions.every((partition) => bounds.has(partition))) {
      return partitions.map((partition) => known.get(partition) ?? bounds.get(partition)!.start);
    }
    await offsets.refresh();
    throw new Error(`a partition of ${names[topic]} is not known yet`);
  }

  async function lagOf(topic: Topic): Promise<number> {
    const [bounds, committed] = await Promise.all([offsets.bounds(topic), offsets.committed(group, topic)]);
    let lag = 0n;
    for (const [partition, { start, end }] of bounds) lag += end - (committed.get(partition) ?? start);
    return Number(lag);
  }

  function scheduleCommit(): void {
    if (stopping.signal.aborted) return;
    commitTimer ??= setTimeout(() => {
      commitTimer = undefined;
      void commit().then((done) => {
        if (!done) scheduleCommit();
      });
    }, commitEveryMs);
  }

  /** One at a time; what moves meanwhile is for the next one. */
  async function commit(): Promise<boolean> {
    const before = committing;
    let finish!: () => void;
    committing = new Promise((resolve) => {
      finish = resolve;
    });
    try {
      await before;
      const marks = intake.marks();
      if (marks.length === 0) return true;
      if (session?.joined !== true) return false;
      await session.commit(marks);
      intake.kept(marks);
      return true;
    } catch (error) {
      logger?.debug({ group, error: textOf(error) }, 'offsets could not be committed');
      return false;
    } finally {
      finish();
    }
  }

  async function stop(graceMs: number): Promise<void> {
    await intake.drain(graceMs);
    stopping.abort();
    clearTimeout(commitTimer);
    const last = session;
    const left = new AbortController();
    const leaving = leave(last).finally(() => {
      left.abort();
    });
    await Promise.race([leaving, sleep(leavePatienceMs, left.signal)]);
    for (const { topic, partition } of intake.held()) intake.close(topic, partition);
    options.onStopped();
  }

  async function leave(last: Session | undefined): Promise<void> {
    // A rebalance refuses commits for a moment.
    for (let tries = 0; tries < 10 && !(await commit()); tries++) await sleep(200);
    await last?.stop().catch(() => undefined);
    await Promise.all([running, ...ending]);
    if (broadcast) await offsets.deleteGroup(group).catch(() => undefined);
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve(undefined);
      },
      { once: true },
    );
  });
}
