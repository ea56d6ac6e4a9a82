import type { Message } from '../../../core/ports/transport.js';

export interface StoredMessage extends Message {
  readonly offset: bigint;
  readonly publishedAt: number;
}

/** The messages of one partition, in order. */
export interface Log {
  /** The offset the next message gets. */
  readonly end: bigint;
  /** The offset of the first message that is still there. */
  readonly start: bigint;
  append(message: Message): void;
  /** The first message at this offset or later. */
  read(offset: bigint): StoredMessage | undefined;
  /** Drops all messages before this offset. */
  trim(offset: bigint): void;
}

export function createLog(): Log {
  let messages: StoredMessage[] = [];
  let start = 0n;
  return {
    get end() {
      return start + BigInt(messages.length);
    },
    get start() {
      return start;
    },
    append({ key, value, headers }) {
      const offset = start + BigInt(messages.length);
      // Copied: publisher and handlers share nothing, as over a wire.
      messages.push({ key, value: value.slice(), headers: { ...headers }, offset, publishedAt: Date.now() });
    },
    read(offset) {
      return messages[Number((offset > start ? offset : start) - start)];
    },
    trim(offset) {
      if (offset <= start) return;
      messages = messages.slice(Number(offset - start));
      start = offset;
    },
  };
}
