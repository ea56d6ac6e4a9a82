import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import type { TransportEvent } from '../../../adapters/transports/events.js';
import { createKafkaTransport, ensureTopics } from '../../../adapters/transports/kafka/index.js';
import type { Consumer, Subscription, Transport } from '../../../core/ports/transport.js';
import { ScanError } from '../../../core/scan/errors.js';
import { startKafka, testServers } from '../../support/servers.js';
import { gate, keys, message, textOf, until } from '../../support/transport.js';

test('consumers that come and go while messages are handled lose none', { timeout: 300_000 }, async () => {
  const { brokers } = testServers().kafka;
  const prefix = `storm-${randomUUID()}`;
  await ensureTopics({ brokers, clientId: 'test', prefix });
  // Two tests at once creating the topics is one more way to get them.
  await ensureTopics({ brokers, clientId: 'test', prefix });
  const handled = new Set<string>();
  const clients = new Set<Transport>();
  const join = async (): Promise<{ transport: Transport; consumer: Consumer }> => {
    const transport = connect(brokers, prefix);
    clients.add(transport);
    const consumer = await transport.subscribe({
      group: `${prefix}-workers`,
      topics: ['tasks-gate', 'tasks-fleet'],
      maxInFlight: 8,
      async handle(delivery, signal) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 30));
        // The effect of a message comes before it counts as handled.
        if (!signal.aborted) handled.add(textOf(delivery));
      },
    });
    return { transport, consumer };
  };
  const publisher = connect(brokers, prefix);
  clients.add(publisher);
  const sent: string[] = [];
  const publishing = new AbortController();
  const published = (async () => {
    while (!publishing.signal.aborted) {
      const texts = keys(20).map((key) => `${key}:${sent.length}`);
      await publisher.publish(sent.length % 40 === 0 ? 'tasks-gate' : 'tasks-fleet', texts.map((text) => message(text, text))); // prettier-ignore
      sent.push(...texts);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  let members = [await join()];
  for (let round = 0; round < 6; round++) {
    members.push(...(await Promise.all([join(), join()])));
    const before = handled.size;
    await until(() => handled.size > before + 50);
    const [polite, rude, ...rest] = members;
    members = rest;
    await Promise.all([polite!.consumer.stop({ graceMs: 2_000 }), rude!.transport.close()]);
  }
  publishing.abort();
  await published;
  await until(() => sent.every((text) => handled.has(text)));
  await until(async () => [...(await members[0]!.consumer.lag()).values()].every((lag) => lag === 0));
  await Promise.all([...clients].map((client) => client.close()));
});

test(
  'everything published before and after a crash of the broker is handled',
  { timeout: 300_000 },
  async (context) => {
    let broker = await startKafka();
    const { port, dir } = broker;
    const brokers = [broker.address];
    const prefix = 'crash';
    await ensureTopics({ brokers, clientId: 'test', prefix });
    const events: TransportEvent[] = [];
    const transport = connect(brokers, prefix, (event) => events.push(event));
    context.after(async () => {
      await transport.close();
      await broker.stop();
      rmSync(dir, { recursive: true, force: true });
    });
    const handled = new Set<string>();
    const broadcast = new Set<string>();
    const blocked = gate();
    const handle: Subscription['handle'] = async (delivery) => {
      if (textOf(delivery) === 'slow') await blocked.promise;
      handled.add(textOf(delivery));
    };
    const consumer = await transport.subscribe({ group: 'g', topics: ['results'], maxInFlight: 10, handle });
    const listener = await transport.subscribe({
      group: undefined,
      topics: ['closed'],
      maxInFlight: 10,
      handle: (delivery) => Promise.resolve(void broadcast.add(textOf(delivery))),
    });
    await transport.publish(
      'results',
      [...keys(50), 'slow'].map((text) => message(text, text)),
    );
    await transport.publish('closed', [message('before', 'before')]);
    await until(() => handled.size === 50 && broadcast.size === 1);

    await broker.kill('SIGKILL');
    await until(() => !consumer.healthy && !listener.healthy);
    const refused = transport.publish('results', [message('lost?', 'lost?')]);
    await assert.rejects(
      refused,
      (error) => error instanceof ScanError && error.code === 'storage-failed' && error.retryable,
    );
    const waiting = transport.publish('results', [message('patient', 'patient')]);
    blocked.open();
    await until(() => handled.has('slow'));

    broker = await startKafka({ port, dir });
    await Promise.allSettled([waiting]);
    const after = keys(50).map((key) => `after-${key}`);
    await transport.publish('results', after.map((text) => message(text, text))); // prettier-ignore
    await transport.publish('closed', [message('after', 'after')]);
    await until(() => after.every((text) => handled.has(text)) && broadcast.has('after'));
    await until(() => consumer.healthy && listener.healthy);
    await until(async () => (await consumer.lag()).get('results') === 0);
  },
);

function connect(brokers: readonly string[], prefix: string, onEvent?: (event: TransportEvent) => void): Transport {
  return createKafkaTransport({ brokers, clientId: 'test', prefix, onEvent, sessionTimeoutMs: 6_000 });
}
