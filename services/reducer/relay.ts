import type { Metrics } from '../../adapters/metrics/registry.js';
import type { Notice, ScanStore } from '../../core/ports/scan-store.js';
import { asScanError } from '../../core/scan/errors.js';
import type { Logger } from '../common/logger.js';

export interface RelayParts {
  readonly store: Pick<ScanStore, 'deliverNotices'>;
  readonly deliver: (notice: Notice) => Promise<void>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** How often to look for notices that other processes left behind. Default 1000. */
  readonly everyMs?: number;
}

export interface Relay {
  /** A notice was put into the outbox just now. */
  readonly wake: () => void;
  /** Delivers what waits once more, and ends. */
  stop(): Promise<void>;
}

/** Notices taken from the outbox at a time. */
const atOnce = 64;

/** Carries notices from the outbox to `deliver`, for as long as the process lives; what fails comes again. */
export function startRelay({ store, deliver, metrics, logger, everyMs = 1000 }: RelayParts): Relay {
  let stopped = false;
  let woken = false;
  let ring: () => void = () => undefined;
  const ended = run();

  async function run(): Promise<void> {
    for (let last = false; !last;) {
      // What was put in before the end is seen by the round that starts after it.
      last = stopped;
      woken = false;
      const delivered = await round();
      if (delivered === 0 && !last) await rest();
    }
  }

  async function round(): Promise<number> {
    try {
      return await store.deliverNotices(atOnce, deliverOne);
    } catch (thrown) {
      metrics.inc('storageErrors', { store: 'postgres' });
      logger.warn({ err: asScanError(thrown) }, 'the outbox cannot be read');
      return 0;
    }
  }

  async function deliverOne(notice: Notice): Promise<void> {
    const { scanId, state } = notice;
    try {
      await deliver(notice);
      metrics.inc('noticesDelivered', { outcome: 'delivered' });
      logger.debug({ scanId, state }, 'notice delivered');
    } catch (error) {
      metrics.inc('noticesDelivered', { outcome: 'failed' });
      logger.warn({ err: error, scanId, state }, 'notice not delivered, it comes again');
      throw error;
    }
  }

  async function rest(): Promise<void> {
    if (stopped || woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, everyMs);
      ring = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    wake: () => {
      woken = true;
      ring();
    },
    async stop() {
      stopped = true;
      ring();
      await ended;
    },
  };
}
