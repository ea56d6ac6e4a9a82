import { z } from 'zod';
import { ScanError } from '../../core/scan/errors.js';
import { createLogger } from './logger.js';
import { commonSettings, readSettings } from './settings.js';

export interface RunOptions {
  /** For the lines that are logged before the service has a logger of its own, and after. */
  readonly service?: string;
}

/**
 * The life of a process. The first SIGTERM or SIGINT aborts `stopping`: `main` takes nothing new, finishes or hands back what
 * it has and returns. A second signal ends the process at once; so does `NEURONINSPECT_DRAIN_SECONDS` plus five.
 * Exit codes: 0 after `main`, 4 when a setting is wrong, 1 after any other error and when draining took too long,
 * 130 or 143 after a second signal. Never returns.
 */
export async function runService(
  main: (stopping: AbortSignal) => Promise<void>,
  { service = 'neuroninspect' }: RunOptions = {},
): Promise<never> {
  const { drainSeconds, ...settings } = lenientSettings();
  const logger = createLogger({ service, level: settings.logLevel });
  const stopping = new AbortController();

  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    logger.info({ signal }, 'stopping');
    setTimeout(
      () => {
        logger.error(`not drained ${drainSeconds} s after ${signal}; what was under way is delivered again elsewhere`);
        process.exit(1);
      },
      (drainSeconds + 5) * 1000,
    );
    stopping.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  const onFault = (error: unknown, origin: string) => {
    logger.fatal({ err: error }, origin);
    process.exit(1);
  };
  process.on('unhandledRejection', (error) => {
    onFault(error, 'unhandled rejection');
  });
  process.on('uncaughtException', (error) => {
    onFault(error, 'uncaught exception');
  });

  // A promise keeps no process: while everything `main` waits for is away, nothing else may be left to wait for.
  setInterval(() => undefined, 60_000);
  try {
    await main(stopping.signal);
  } catch (error) {
    if (error instanceof ScanError && error.code === 'usage') {
      for (const line of error.message.split('\n')) logger.fatal(line);
      process.exit(4);
    }
    onFault(error, 'failed');
  }
  logger.info('stopped');
  process.exit(0);
}

/** What `main` will refuse must not keep the process from saying so. */
function lenientSettings(): { logLevel: string; drainSeconds: number } {
  const shape = z.object({ logLevel: commonSettings.logLevel, drainSeconds: commonSettings.drainSeconds });
  try {
    return readSettings(shape, process.env);
  } catch {
    return readSettings(shape, {});
  }
}
