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
  let connected: Promise<Admin> | undefined;
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
    refresh: disconnect,
    close() {
      closed = true;
      return disconnect();
    },
  };

  async function disconnect(): Promise<void> {
    const closing = connected;
    connected = undefined;
    await closing?.then((admin) => admin.disconnect()).catch(() => undefined);
  }

  /** Leaders move and connections break: a question is asked a few times before it counts as failed. */
  async function ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      // A question still under way must not connect again behind a transport that is closed.
      if (closed) throw new Error('the transport is closed');
      connected ??= connect();
      const mine = connected;
      try {
        return await question(await mine);
      } catch (error) {
        // The next try gets a fresh connection.
        if (connected === mine) connected = undefined;
        void mine.then((admin) => admin.disconnect()).catch(() => undefined);
        if (tries === 4 || !mayPass(error)) throw error;
        await sleep(100 * 2 ** tries);
      }
    }
  }

  async function connect(): Promise<Admin> {
    const admin = connectKafka(address).admin();
    await admin.connect();
    return admin;
  }
}
