import { sleep } from '../../adapters/transports/intake/sleep.js';
import type { Consumer } from '../../core/ports/transport.js';
import { asScanError } from '../../core/scan/errors.js';
import { createDesk, type DeskOptions } from './desk.js';

export interface WorkerOptions extends DeskOptions {
  /** Of all workers. */
  readonly group: string;
  /** Tasks per lane that are made ready while the slots are busy. */
  readonly prefetch: number;
  /** Called before the first subscription, and again when it fails. */
  readonly createTopics?: () => Promise<void>;
  /** A task that holds a slot for longer means that the worker is stuck. */
  readonly maxTaskSeconds: number;
}

export interface Worker {
  /** What keeps it from working now. */
  ready(): readonly string[];
  /** What only a restart can mend. */
  live(): readonly string[];
  /** Takes nothing new, hands back what waits, finishes what runs unless that takes longer. */
  stop(drainMs: number): Promise<void>;
}

/** Takes tasks from both lanes once the engine has computed something, and keeps trying while broker or engine do not answer. */
export function startWorker(options: WorkerOptions): Worker {
  const { transport, slots, metrics, logger, prefetch, group } = options;
  const desk = createDesk(options);
  const starting = new AbortController();
  const consumers: Consumer[] = [];
  let waitsFor = 'the engine has not answered yet';

  const start = async (): Promise<void> => {
    await Promise.all(slots.map((slot) => slot.check()));
    waitsFor = 'the broker has not answered yet';
    await options.createTopics?.();
    while (consumers.length < 2) {
      const consumer = await transport.subscribe(
        consumers.length === 0
          ? {
              group: undefined,
              topics: ['closed'],
              maxInFlight: 100,
              handle: (delivery) => desk.handleClosed(delivery),
            }
          : {
              group,
              topics: ['tasks-gate', 'tasks-fleet'],
              maxInFlight: slots.length + prefetch,
              handle: (delivery, signal) => desk.handleTask(delivery, signal),
            },
      );
      if (starting.signal.aborted) await consumer.stop({ graceMs: 0 });
      consumers.push(consumer);
    }
    waitsFor = '';
    logger.info({ slots: slots.length }, 'takes tasks');
  };
  const started = (async () => {
    for (let pauseMs = 500; !starting.signal.aborted; pauseMs = Math.min(2 * pauseMs, 10_000)) {
      try {
        await start();
        return;
      } catch (thrown) {
        const { code, message } = asScanError(thrown);
        waitsFor = message;
        logger.warn({ code, pauseMs }, message);
        await sleep(pauseMs, starting.signal);
      }
    }
  })();

  metrics.set('engineSlots', {}, slots.length);
  const sweeping = setInterval(() => {
    desk.sweep();
  }, 1000);
  const measure = async (): Promise<void> => {
    const sizes = await Promise.all(slots.map((slot) => slot.residentBytes()));
    metrics.set(
      'engineResidentBytes',
      {},
      sizes.reduce((sum, size) => sum + size, 0),
    );
    const lags = await consumers[1]?.lag().catch(() => undefined);
    for (const [topic, lag] of lags ?? []) metrics.set('consumerLag', { topic }, lag);
  };
  const measuring = setInterval(() => void measure(), 5000);

  return {
    ready: () => {
      if (starting.signal.aborted) return ['it is stopping'];
      if (waitsFor) return [waitsFor];
      return consumers.every(({ healthy }) => healthy) ? [] : ['the broker does not answer'];
    },
    live: () => desk.stuck(options.maxTaskSeconds),
    stop: async (drainMs) => {
      starting.abort();
      clearInterval(measuring);
      await Promise.all([
        ...consumers.map((consumer) => consumer.stop({ graceMs: drainMs })),
        // A little sooner, so that what is handed back at the end is so before the consumer gives up.
        desk.clear(0.9 * drainMs),
      ]);
      clearInterval(sweeping);
      await Promise.all(slots.map((slot) => slot.close()));
      await started;
    },
  };
}
