import type { Admin } from 'kafkajs';
import type { Topic } from '../../../core/ports/transport.js';
import { sleep } from '../intake/sleep.js';
import { connectKafka } from './client.js';
import type { KafkaAddress } from './client.js';
import { mayPass } from './errors.js';

/** Questions about offsets, over one connection that is opened when the first one is asked. */
export interface OffsetReader {
  /** Committed offset of a group in every partition; undefined where it never committed. */
  committed(group: string, topic: Topic): Promise<ReadonlyMap<number, bigint | undefined>>;
  /** First and last offset of every partition; `end` is the one the next message gets. */
  bounds(topic: Topic): Promise<ReadonlyMap<number, { readonly start: bigint; readonly end: bigint }>>;
  /** Partitions may have been added: the next question asks for them too. */
  refresh(): Promise<void>;
  deleteGroup(group: string): Promise<void>;
  close(): Promise<void>;
}

export function createOffsetReader(address: KafkaAddress, names: Readonly<Record<Topic, string>>): OffsetReader {
  let current: Client | undefined;
  const retired = new Set<Promise<void>>();
  let closed = false;

  return {
    committed: (group, topic) =>
      ask(async (admin) => {
        const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [names[topic]] });
        return new Map(
          (offsets?.partitions ?? []).map(({ partition, offset }) => [
            partition,
            offset.startsWith('-') ? undefined : BigInt(offset),
          ]),
        );
      }),
    bounds: (topic) =>
      ask(async (admin) => {
        const partitions = await admin.fetchTopicOffsets(names[topic]);
        return new Map(
          partitions.map(({ partition, low, high }) => [partition, { start: BigInt(low), end: BigInt(high) }]),
        );
      }),
    deleteGroup: (group) =>
      ask(async (admin) => {
        await admin.deleteGroups([group]);
      }),
    refresh() {
      retire(current);
      return Promise.resolve();
    },
    async close() {
      closed = true;
      retire(current);
      await Promise.all(retired);
    },
  };

  function retire(client: Client | undefined): void {
    if (client === undefined) return;
    if (current === client) current = undefined;
    const done = client.retire();
    retired.add(done);
    void done.then(() => retired.delete(done));
  }

  /** Leaders move and connections break: a question is asked a few times before it counts as failed. */
  async function ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      // A question still under way must not connect again behind a transport that is closed.
      if (closed) throw new Error('the transport is closed');
      const client = (current ??= openClient(address));
      try {
        return await client.ask(question);
      } catch (error) {
        // The next try gets a fresh connection.
        retire(client);
        if (tries === 4 || !mayPass(error)) throw error;
        await sleep(100 * 2 ** tries);
      }
    }
  }
}

interface Client {
  ask<T>(question: (admin: Admin) => Promise<T>): Promise<T>;
  /** Called once nothing more is asked. */
  retire(): Promise<void>;
}

/**
 * A question takes several requests, and kafkajs connects again for each of them, also after it was told to disconnect: such
 * a connection would belong to nobody and keep the process from its end. So the answers are waited for first.
 */
function openClient(address: KafkaAddress): Client {
  const admin = connectKafka(address).admin();
  const connected = admin.connect();
  const asked = new Set<Promise<unknown>>([connected]);
  let retired: Promise<void> | undefined;

  return {
    ask(question) {
      const answer = connected.then(() => question(admin));
      asked.add(answer);
      return answer.finally(() => asked.delete(answer));
    },
    retire() {
      retired ??= Promise.allSettled(asked)
        .then(() => admin.disconnect())
        .catch(() => undefined);
      return retired;
    },
  };
}
