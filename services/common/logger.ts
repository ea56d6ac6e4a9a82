import { pino, type DestinationStream, type Logger } from 'pino';
import { redactCredentials } from './redact.js';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly service: string;
  readonly level?: string;
  /** Default: standard error, written before the call returns, so that the last line of a crash is there. */
  readonly destination?: DestinationStream;
}

/** One JSON object per line. Passwords in URLs become `***`, whatever field or error message they are in. */
export function createLogger({ service, level = 'info', destination }: LoggerOptions): Logger {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: redactCredentials },
    },
    destination ?? pino.destination({ fd: 2, sync: true }),
  );
}
