import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TransportEvent } from '../../adapters/transports/events.js';
import type { Delivery, Subscription, Topic, Transport } from '../../core/ports/transport.js';
import { ScanError } from '../../core/scan/errors.js';
import { gate, inbox, keys, message, textOf, until } from '../support/transport.js';

export interface TransportContract {
  readonly name: string;
  /** Empty topics with several partitions each; all clients see the same messages. */
  readonly newBroker: () => Promise<TestBroker>;
}

export interface TestBroker {
  /** As another process would. Redelivery pauses are short. */
  connect(onEvent?: (event: TransportEvent) => void): Transport;
  /** Closes all clients. */
  close(): Promise<void>;
}

/** What the pipeline relies on, whatever carries the messages. */
export function runTransportContract({ name, newBroker }: TransportContract): void {
  describe(`transport contract: ${name}`, { concurrency: 4 }, () => {
    for (const [title, body] of Object.entries(behaviour)) {
      it(title, { timeout: 180_000 }, async () => {
        const broker = await newBroker();
        try {
          await body(broker);
        } finally {
          await broker.close();
        }
      });
    }
  });
}

const behaviour: Readonly<Record<string, (broker: TestBroker) => Promise<void>>> = {
  'a message arrives as it was published': async (broker) => {
    const transport = broker.connect();
    const { handle, received } = inbox();
    await transport.subscribe(reader('results', handle));
    const value = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
    const before = Date.now();
    const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', note: 'ünï' };
    await transport.publish('results', [{ key: 'schlüssel', value, headers }]);
    await until(() => received.length > 0);
    const [delivery] = received;
    assert.equal(delivery!.topic, 'results');
    assert.equal(delivery!.key, 'schlüssel');
    assert.deepEqual(Uint8Array.from(delivery!.value), value);
    assert.deepEqual({ ...delivery!.headers }, headers);
    assert.ok(Math.abs(delivery!.publishedAt - before) < 60_000);
    assert.match(delivery!.offset, /^\d+$/);
    assert.ok(Number.isInteger(delivery!.partition));
  },

  'empty values and messages of 5 MB arrive': async (broker) => {
    const transport = broker.connect();
    const { handle, received } = inbox();
    await transport.subscribe(reader('results', handle, { maxInFlight: 2 }));
    const large = Uint8Array.from({ length: 5_000_000 }, (_, index) => (index * 2654435761) >>> 13);
    const sent = [new Uint8Array(0), large, large, large];
    await transport.publish(
      'results',
      sent.map((value, index) => ({ key: `k${index % 2}`, value })),
    );
    await until(() => received.length >= sent.length);
    assert.deepEqual(received.map(({ value }) => value.byteLength).sort(), [0, 5_000_000, 5_000_000, 5_000_000].sort());
    assert.ok(received.every(({ value }) => value.byteLength === 0 || Buffer.compare(value, large) === 0));
  },

  'a message above 8 MiB is refused, and none of its call is stored': async (broker) => {
    const transport = broker.connect();
    const { handle, received } = inbox();
    await transport.subscribe(reader('results', handle));
    const tooLarge = { key: 'k', value: new Uint8Array(8 * 2 ** 20 + 1) };
    await assert.rejects(transport.publish('results', [message('k', 'with it'), tooLarge]), { code: 'internal' });
    await transport.publish('results', [message('k', 'after')]);
    await until(() => received.length > 0);
    assert.deepEqual(received.map(textOf), ['after']);
  },

  'messages of a key arrive in order, and all of many published at once': async (broker) => {
    const transport = broker.connect();
    const { handle, received } = inbox(() => new Promise((resolve) => setImmediate(resolve)));
    await transport.subscribe(reader('tasks-fleet', handle, { maxInFlight: 7 }));
    const perKey = 40;
    await Promise.all(
      Array.from({ length: perKey }, (_, index) =>
        Promise.all(keys(12).map((key) => transport.publish('tasks-fleet', [message(key, String(index))]))),
      ),
    );
    await until(() => received.length >= 12 * perKey);
    for (const key of keys(12)) {
      const texts = received.filter((delivery) => delivery.key === key).map(textOf);
      assert.deepEqual(
        texts,
        Array.from({ length: perKey }, (_, index) => String(index)),
        key,
      );
    }
  },

  'a group gets what was published before it first subscribed': async (broker) => {
    const transport = broker.connect();
    await transport.publish('results', [message('k', 'early')]);
    const { handle, received } = inbox();
    await transport.subscribe(reader('results', handle));
    await until(() => received.length > 0);
    assert.deepEqual(received.map(textOf), ['early']);
  },

  'consumers of a group share the messages, another group gets all of them': async (broker) => {
    const one = inbox();
    const two = inbox();
    const other = inbox();
    const consumers = [
      await broker.connect().subscribe(reader('tasks-gate', one.handle)),
      await broker.connect().subscribe(reader('tasks-gate', two.handle)),
      await broker.connect().subscribe(reader('tasks-gate', other.handle, { group: 'other' })),
    ];
    await until(() => consumers.every((consumer) => consumer.healthy));
    // Sent until both have some: when a consumer has its partitions is the broker's affair.
    const sent = new Set<string>();
    const transport = broker.connect();
    await until(async () => {
      const batch = keys(30).map((key) => message(key, `${key}-${sent.size}`));
      for (const { value } of batch) sent.add(Buffer.from(value).toString());
      await transport.publish('tasks-gate', batch);
      return one.received.length > 0 && two.received.length > 0;
    });
    await until(() => new Set([...one.received, ...two.received].map(textOf)).size === sent.size);
    await until(() => new Set(other.received.map(textOf)).size === sent.size);
  },

  'a consumer without a group gets all messages from now on, however many such consumers there are': async (broker) => {
    const transport = broker.connect();
    await transport.publish('closed', [message('a', 'before')]);
    const inboxes = [inbox(), inbox(), inbox()];
    for (const { handle } of inboxes) {
      await broker.connect().subscribe(reader('closed', handle, { group: undefined }));
    }
    await transport.publish('closed', [message('a', '1'), message('b', '2')]);
    await transport.publish('closed', [message('a', '3')]);
    for (const { received } of inboxes) {
      await until(() => received.length >= 3);
      assert.deepEqual(received.map(textOf), ['1', '2', '3']);
    }
  },

  'no more than maxInFlight messages of a topic are with the handler': async (broker) => {
    const transport = broker.connect();
    const opened = gate();
    let inFlight = 0;
    let most = 0;
    const { handle, received } = inbox(async () => {
      most = Math.max(most, ++inFlight);
      await opened.promise;
      inFlight--;
    });
    await transport.subscribe(reader('tasks-gate', handle, { maxInFlight: 3 }));
    await transport.publish(
      'tasks-gate',
      keys(40).map((key) => message(key, 'x')),
    );
    await until(() => inFlight === 3);
    opened.open();
    await until(() => received.length >= 40);
    assert.equal(most, 3);
  },

  'a topic whose messages are stuck does not hold up another one': async (broker) => {
    const transport = broker.connect();
    const stuck = gate();
    const { handle, received } = inbox(({ topic }) => (topic === 'tasks-fleet' ? stuck.promise : Promise.resolve()));
    const topics: readonly Topic[] = ['tasks-fleet', 'tasks-gate'];
    await transport.subscribe({ ...reader('tasks-fleet', handle, { maxInFlight: 2 }), topics });
    await transport.publish(
      'tasks-fleet',
      keys(600).map((key) => message(key, 'fleet')),
    );
    const fleet = (): number => received.filter((delivery) => delivery.topic === 'tasks-fleet').length;
    await until(() => fleet() > 0);
    for (let round = 0; round < 3; round++) {
      const before = received.length;
      await transport.publish(
        'tasks-gate',
        keys(20).map((key) => message(key, 'gate')),
      );
      await until(() => received.length >= before + 20);
    }
    await until(() => fleet() >= 2);
    assert.equal(fleet(), 2);
    stuck.open();
    await until(() => received.length >= 660);
  },

  'a rejected message is delivered again until it is handled; others go on meanwhile': async (broker) => {
    const events: TransportEvent[] = [];
    const transport = broker.connect((event) => events.push(event));
    let failures = 3;
    const { handle, received } = inbox((delivery) => {
      if (textOf(delivery) === 'bad' && failures-- > 0) return Promise.reject(new Error('not now'));
      return Promise.resolve();
    });
    const consumer = await transport.subscribe(reader('results', handle, { maxInFlight: 4 }));
    await transport.publish('results', [message('k', 'bad'), message('k', 'good')]);
    await until(() => received.length >= 5);
    assert.equal(received.filter((delivery) => textOf(delivery) === 'bad').length, 4);
    await until(async () => (await consumer.lag()).get('results') === 0);
    const count = (kind: TransportEvent['kind']): number => events.filter((event) => event.kind === kind).length;
    assert.deepEqual(
      { published: count('published'), handled: count('handled'), redelivered: count('redelivered') },
      { published: 2, handled: 2, redelivered: 3 },
    );
    assert.ok(events.every(({ kind, topic }) => topic === 'results' || kind === 'consumer-lost'));
  },

  'what a crashed consumer had not finished comes again, finished later messages or not': async (broker) => {
    const crashing = broker.connect();
    const never = gate();
    const first = inbox((delivery) => (textOf(delivery) === '1' ? never.promise : Promise.resolve()));
    await crashing.subscribe(reader('tasks-gate', first.handle, { maxInFlight: 5 }));
    await crashing.publish('tasks-gate', [message('k', '0'), message('k', '1'), message('k', '2')]);
    await until(() => first.received.length === 3);
    await crashing.close();
    const second = inbox();
    await broker.connect().subscribe(reader('tasks-gate', second.handle));
    await until(() => second.received.some((delivery) => textOf(delivery) === '2'));
    assert.ok(second.received.map(textOf).includes('1'));
    never.open();
  },

  'stop waits for the handler, and what it finished does not come again': async (broker) => {
    const transport = broker.connect();
    const slow = gate();
    const first = inbox(() => slow.promise);
    const consumer = await transport.subscribe(reader('results', first.handle, { maxInFlight: 1 }));
    await transport.publish('results', [message('k', '1'), message('k', '2')]);
    await until(() => first.received.length === 1);
    let stopped = false;
    const stopping = consumer.stop({ graceMs: 120_000 }).then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(stopped, false);
    slow.open();
    await stopping;
    assert.equal(consumer.healthy, false);
    assert.ok(!first.signals[0]!.aborted);
    assert.deepEqual(first.received.map(textOf), ['1'], 'nothing new is taken once it stops');
    const second = inbox();
    await broker.connect().subscribe(reader('results', second.handle));
    await until(() => second.received.length > 0);
    assert.deepEqual(second.received.map(textOf), ['2']);
  },

  'beyond its grace stop aborts the signal, and the message comes again although it is handled later': async (
    broker,
  ) => {
    const transport = broker.connect();
    const slow = gate();
    const first = inbox(() => slow.promise);
    const consumer = await transport.subscribe(reader('results', first.handle));
    await transport.publish('results', [message('k', '1')]);
    await until(() => first.received.length === 1);
    await consumer.stop({ graceMs: 10 });
    assert.ok(first.signals[0]!.aborted);
    slow.open();
    const second = inbox();
    await broker.connect().subscribe(reader('results', second.handle));
    await until(() => second.received.length > 0);
    assert.deepEqual(second.received.map(textOf), ['1']);
  },

  'a message that waits for its next delivery does not hold up stop': async (broker) => {
    const transport = broker.connect();
    const first = inbox(() => Promise.reject(new Error('always')));
    const consumer = await transport.subscribe(reader('results', first.handle));
    await transport.publish('results', [message('k', '1')]);
    await until(() => first.received.length >= 3);
    await consumer.stop({ graceMs: 100_000 });
    const second = inbox();
    await broker.connect().subscribe(reader('results', second.handle));
    await until(() => second.received.length > 0);
  },

  'a second consumer takes over some work, which is aborted here, and the rest goes on undisturbed': async (broker) => {
    const hold = gate();
    const first = inbox(() => hold.promise);
    const second = inbox(() => hold.promise);
    const transport = broker.connect();
    const consumer = await transport.subscribe(reader('tasks-fleet', first.handle, { maxInFlight: 1000 }));
    const sent = keys(60).map((key) => message(key, key));
    await transport.publish('tasks-fleet', sent);
    await until(() => new Set(first.received.map(textOf)).size === 60);
    await broker.connect().subscribe(reader('tasks-fleet', second.handle, { maxInFlight: 1000 }));
    await until(() => second.received.length > 0);
    const held = (by: typeof first): string[] =>
      by.received.filter((_, index) => !by.signals[index]!.aborted).map(placeOf);
    const all = (): string[] => [...held(first), ...held(second)];
    // Every message is with one consumer and not with both.
    await until(() => {
      const places = new Set(all());
      const complete = first.received.every((delivery) => places.has(placeOf(delivery)));
      return complete && places.size === all().length && held(second).length > 0;
    });
    assert.ok(held(first).length > 0);
    hold.open();
    await until(async () => (await consumer.lag()).get('tasks-fleet') === 0);
    assert.equal(new Set(all()).size, all().length, 'what a consumer kept was not delivered again');
  },

  'a consumer that leaves hands its share back without loss': async (broker) => {
    const transport = broker.connect();
    const one = inbox();
    const two = inbox();
    await transport.subscribe(reader('results', one.handle));
    const leaving = await broker.connect().subscribe(reader('results', two.handle));
    const sent = keys(200).map((key) => message(key, key));
    const publishing = Promise.all(sent.map((each) => transport.publish('results', [each])));
    await leaving.stop({ graceMs: 10_000 });
    await publishing;
    await until(() => new Set([...one.received, ...two.received].map(textOf)).size === sent.length);
  },

  'lag counts what is not handled yet': async (broker) => {
    const transport = broker.connect();
    const hold = gate();
    const { handle, received } = inbox(() => hold.promise);
    const topics: readonly Topic[] = ['tasks-gate', 'results'];
    const consumer = await transport.subscribe({ ...reader('results', handle, { maxInFlight: 2 }), topics });
    assert.deepEqual([...(await consumer.lag())].sort(), [
      ['results', 0],
      ['tasks-gate', 0],
    ]);
    await transport.publish(
      'results',
      keys(9).map((key) => message(key, 'x')),
    );
    await until(async () => (await consumer.lag()).get('results') === 9);
    hold.open();
    await until(async () => (await consumer.lag()).get('results') === 0);
    assert.equal(received.length, 9);
  },

  'nothing is published or subscribed to once the transport is closed': async (broker) => {
    const transport = broker.connect();
    const { handle } = inbox();
    const consumer = await transport.subscribe(reader('results', handle));
    assert.equal(consumer.healthy, true);
    await transport.close();
    assert.equal(consumer.healthy, false);
    const refused = (error: unknown): boolean =>
      error instanceof ScanError && error.code === 'storage-failed' && error.retryable;
    await assert.rejects(transport.publish('results', [message('k', 'x')]), refused);
    await assert.rejects(transport.subscribe(reader('results', handle)), refused);
  },
};

function reader(topic: Topic, handle: Subscription['handle'], options: Partial<Subscription> = {}): Subscription {
  return { group: 'readers', topics: [topic], maxInFlight: 10, handle, ...options };
}

/** Of a message as it is stored: one that was published again has another one. */
function placeOf({ partition, offset }: Delivery): string {
  return `${partition}/${offset}`;
}
