import assert from 'node:assert/strict';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createKafkaTransport, ensureTopics } from '../../adapters/transports/kafka/index.js';
import type { Delivery, Message, Topic } from '../../core/ports/transport.js';
import { neuroninspect } from '../../proto/gen/scan-v1.js';
import { assertFirstsTold, survives, total } from '../support/faults.js';
import { until, type TestPipeline } from '../support/pipeline.js';
import { testServers } from '../support/servers.js';
import { withoutChecksum } from '../support/wire.js';

/** Where a bit may flip without any harm. */
const checksumBytes = 6;
const { Lane, ShardTask, ShardFeatures } = neuroninspect.scan.v1;

/** Tasks of the orchestrator reach the workers, and their results the reducer, only through `alter`. */
async function survivesRelay(
  alter: (topic: Topic, delivery: Delivery, publish: (message: Message) => Promise<void>) => Promise<void>,
  check: (pipeline: TestPipeline) => Promise<void>,
): Promise<void> {
  const { brokers } = testServers().kafka;
  const clientId = 'relay';
  const open: { close(): Promise<void> }[] = [];
  try {
    await survives({
      models: 5,
      // Workers listen and answer beside the others.
      environment: (kind, prefix) => (kind === 'worker' ? { NEURONINSPECT_KAFKA_PREFIX: `${prefix}-far` } : {}),
      prepare: async (pipeline) => {
        const near = createKafkaTransport({ brokers, clientId, prefix: pipeline.prefix });
        const far = createKafkaTransport({ brokers, clientId, prefix: `${pipeline.prefix}-far` });
        open.push(near, far);
        await ensureTopics({ brokers, clientId, prefix: `${pipeline.prefix}-far` });
        for (const [from, to, topics] of [
          [near, far, ['tasks-gate', 'tasks-fleet']],
          [far, near, ['results']],
        ] as const) {
          await from.subscribe({
            group: `${pipeline.prefix}-relay-${topics[0]}`,
            topics,
            maxInFlight: 50,
            handle: (delivery) => alter(delivery.topic, delivery, (message) => to.publish(delivery.topic, [message])),
          });
        }
      },
      check,
    });
  } finally {
    for (const transport of open) await transport.close();
  }
}

test('messages come twice and three times, late and in any order', async () => {
  await survivesRelay(
    async (_topic, { key, value }, publish) => {
      for (let copy = randomInt(1, 4); copy > 0; copy--) {
        await pause(randomInt(400));
        await publish({ key, value });
      }
    },
    async (pipeline) => {
      await assertFirstsTold(pipeline);
      // Copies may still be under way when the last verdict is there.
      await until('duplicates are told', async () => {
        const duplicate = await total(pipeline, 'reducer', 'results_total', { outcome: 'duplicate' });
        return duplicate + (await total(pipeline, 'reducer', 'results_total', { outcome: 'late' })) > 0;
      });
    },
  );
});

test('two workers are given the same tasks at the same time, and both results arrive', async () => {
  const { brokers } = testServers().kafka;
  const open: { close(): Promise<void> }[] = [];
  try {
    await survives({
      counts: { worker: 2 },
      prepare: async ({ prefix }) => {
        const transport = createKafkaTransport({ brokers, clientId: 'copier', prefix });
        open.push(transport);
        await transport.subscribe({
          group: `${prefix}-copier`,
          topics: ['tasks-gate', 'tasks-fleet'],
          maxInFlight: 50,
          handle: async ({ topic, key, value }) => {
            if (key.startsWith('copy')) return;
            // Partitions of either worker; what a worker gets twice it does once.
            const copies = Array.from({ length: 4 }, () => ({ key: `copy ${randomUUID()}`, value }));
            await transport.publish(topic, copies);
          },
        });
      },
      check: async (pipeline) => {
        await assertFirstsTold(pipeline);
        const second = async () =>
          (await total(pipeline, 'reducer', 'results_total', { outcome: 'duplicate' })) +
          (await total(pipeline, 'reducer', 'results_total', { outcome: 'late' }));
        await until('a second result arrives', async () => (await second()) > 0);
        for (const worker of ['worker-0', 'worker-1']) {
          assert.ok((await total(pipeline, worker, 'tasks_total', { outcome: 'ok' })) > 0, worker);
        }
      },
    });
  } finally {
    for (const transport of open) await transport.close();
  }
});

test('corrupt messages between the sound ones become dead letters', async () => {
  let corrupted = 0;
  await survivesRelay(
    async (_topic, { key, value }, publish) => {
      // Cut just before its checksum a message is what an older sender would have sent.
      const cut = value.slice(0, randomInt(1, value.length >> 1));
      const flipped = Uint8Array.from(value);
      flipped[randomInt(flipped.length - checksumBytes)]! ^= 1 << randomInt(8);
      await publish({ key, value: cut });
      await publish({ key, value: randomBytes(randomInt(1, 400)) });
      await publish({ key, value: flipped });
      corrupted++;
      await publish({ key, value });
    },
    async (pipeline) => {
      const letters = async () =>
        (await total(pipeline, 'worker', 'dead_letters_total', { code: 'message-malformed' })) +
        (await total(pipeline, 'reducer', 'dead_letters_total', { code: 'message-malformed' }));
      await until('three dead letters for each message', async () => (await letters()) >= 3 * corrupted);
    },
  );
});

test('messages of the previous version and of the next one are understood', async () => {
  let older = 0;
  await survivesRelay(
    async (topic, { key, value }, publish) => {
      older++;
      await publish({ key, value: withUnknownField(topic === 'results' ? withoutEngine(value) : withoutLane(value)) });
    },
    async (pipeline) => {
      assert.ok(older > 0);
      await assertFirstsTold(pipeline);
      for (const kind of ['worker', 'reducer']) assert.equal(await total(pipeline, kind, 'dead_letters_total'), 0);
    },
  );
});

/** The field that the first version of ShardTask did not have. */
function withoutLane(bytes: Uint8Array): Uint8Array {
  const task = ShardTask.decode(withoutChecksum(bytes));
  task.orderedLane = Lane.LANE_UNSPECIFIED;
  return ShardTask.encode(task).finish();
}

function withoutEngine(bytes: Uint8Array): Uint8Array {
  const features = ShardFeatures.decode(withoutChecksum(bytes));
  if (features.inspection) return withoutChecksum(bytes);
  features.engine = null;
  return ShardFeatures.encode(features).finish();
}

/** Field 1999, of bytes. */
function withUnknownField(bytes: Uint8Array): Uint8Array {
  const tag = (1999 << 3) | 2;
  return Buffer.concat([bytes, Buffer.from([(tag & 0x7f) | 0x80, tag >> 7, 3, 1, 2, 3])]);
}
