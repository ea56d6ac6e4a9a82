import type { Metrics } from '../../adapters/metrics/registry.js';
import type { ScanStore } from '../../core/ports/scan-store.js';
import type { Consumer } from '../../core/ports/transport.js';

export interface GaugeParts {
  readonly store: Pick<ScanStore, 'waitingNotices'>;
  readonly consumer: Pick<Consumer, 'lag'>;
  readonly metrics: Metrics;
  readonly everyMs: number;
}

/** Keeps the gauges of outbox and queue up to date; one that cannot be read keeps its last value. */
export function startGauges({ store, consumer, metrics, everyMs }: GaugeParts): { stop(): void } {
  const outbox = async (): Promise<void> => {
    const { count, oldestSeconds } = await store.waitingNotices();
    metrics.set('noticesWaiting', {}, count);
    metrics.set('noticesOldestSeconds', {}, oldestSeconds);
  };
  const queue = async (): Promise<void> => {
    for (const [topic, lag] of await consumer.lag()) metrics.set('consumerLag', { topic }, lag);
  };

  let reading = false;
  const read = async (): Promise<void> => {
    // A server that does not answer must not gather questions.
    if (reading) return;
    reading = true;
    const answers = await Promise.allSettled([outbox(), queue()]);
    answers.forEach(({ status }, i) => {
      if (status === 'rejected') metrics.inc('storageErrors', { store: i === 0 ? 'postgres' : 'kafka' });
    });
    reading = false;
  };
  void read();
  const timer = setInterval(() => void read(), everyMs);
  return {
    stop: () => {
      clearInterval(timer);
    },
  };
}
