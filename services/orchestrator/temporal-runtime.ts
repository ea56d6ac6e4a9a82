import { makeTelemetryFilterString, Runtime, type LogLevel } from '@temporalio/worker';
import type { Logger } from '../common/logger.js';

/** One per process: sends what Temporal's library logs to our log, and leaves signals to the service. */
export function installRuntime(logger: Logger): void {
  const log = (level: LogLevel, message: string, meta?: object) => {
    logger[levels[level]]({ ...meta }, `temporal: ${message}`);
  };
  Runtime.install({
    shutdownSignals: [],
    logger: {
      log,
      trace: (message, meta) => {
        log('TRACE', message, meta);
      },
      debug: (message, meta) => {
        log('DEBUG', message, meta);
      },
      info: (message, meta) => {
        log('INFO', message, meta);
      },
      warn: (message, meta) => {
        log('WARN', message, meta);
      },
      error: (message, meta) => {
        log('ERROR', message, meta);
      },
    },
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN' }) } },
  });
}

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;
