/**
 * The queues of the pipeline. Adapters: `adapters/transports/*`; they share one contract suite.
 *
 * - `tasks-gate`, `tasks-fleet`: `ShardTask`, one queue per lane.
 * - `results`: `ShardFeatures`, keyed by scan id.
 * - `verdicts`: `ScanVerdict`, keyed by model digest.
 * - `dead-letters`: `DeadLetter`.
 * - `closed`: `ScanClosed`; every worker reads all of them.
 */
export const topics = ['tasks-gate', 'tasks-fleet', 'results', 'verdicts', 'dead-letters', 'closed'] as const;
export type Topic = (typeof topics)[number];

/** Carries messages at least once; messages of one key arrive in order unless one of them is delivered again. */
export interface Transport {
  /**
   * Resolves when the messages are stored.
   * @throws ScanError `storage-failed` (retryable) when they could not be stored within the adapter's retries; some may be.
   */
  publish(topic: Topic, messages: readonly Message[]): Promise<void>;
  subscribe(subscription: Subscription): Promise<Consumer>;
  /** Stops all consumers without grace. */
  close(): Promise<void>;
}

export interface Message {
  readonly key: string;
  readonly value: Uint8Array;
  /** For tracing only: nothing that matters is said here. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface Delivery extends Message {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: string;
  /** Milliseconds since the epoch, when it was published. */
  readonly publishedAt: number;
}

export interface Subscription {
  /** Consumers of one group share the messages; undefined: this consumer gets all messages published from now on. */
  readonly group: string | undefined;
  readonly topics: readonly Topic[];
  /** Messages of one topic that may be with the handler at a time: what is prefetched plus what is worked on. */
  readonly maxInFlight: number;
  /**
   * A message counts as handled when the promise resolves; its position is kept once all messages before it in its partition
   * are handled too, so a crash delivers again what was under way. When it rejects, the message is delivered again after a
   * pause. Must see to it itself that a message does not fail forever.
   *
   * @param signal aborted when the result is of no use to this consumer any more: the partition went to another one, or the
   *   consumer was stopped and its grace is over.
   */
  readonly handle: (delivery: Delivery, signal: AbortSignal) => Promise<void>;
}

export interface Consumer {
  /** False while the broker cannot be reached or the group is not joined. */
  readonly healthy: boolean;
  /** Messages not yet handled by the group, per topic. */
  lag(): Promise<ReadonlyMap<Topic, number>>;
  /** Takes nothing new, waits for what is with the handler for at most so long, keeps the positions, leaves the group. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}
