import type { Topic } from '../../core/ports/transport.js';

/**
 * What services count.
 *
 * - `published`: stored; `publish-failed`: given up after all retries.
 * - `handled`: the handler resolved; `redelivered`: it rejected and gets the message again; `revoked`: the message was with
 *   the handler when its partition went to another consumer or the consumer's grace was over.
 * - `consumer-lost`: the connection of a consumer broke beyond what the library mends and is built anew.
 */
export interface TransportEvent {
  readonly kind: 'published' | 'publish-failed' | 'handled' | 'redelivered' | 'revoked' | 'consumer-lost';
  /** Undefined: concerns all topics of a consumer. */
  readonly topic: Topic | undefined;
  readonly error?: unknown;
}

export type OnEvent = (event: TransportEvent) => void;

/** As pino's; an adapter runs silently without one. */
export interface TransportLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
