import { setMaxListeners } from 'node:events';
import type { Delivery, Subscription, Topic } from '../../../core/ports/transport.js';
import type { OnEvent } from '../events.js';
import { sleep } from './sleep.js';

/** Milliseconds before a message is delivered again: doubled from `first` up to `max`. */
export interface Pauses {
  readonly first: number;
  readonly max: number;
}

export const redeliveryPauses: Pauses = { first: 100, max: 10_000 };

/** One message on its way through the window. */
export interface Ticket {
  readonly delivery: Delivery;
  /** Aborts when the result is of no use any more. */
  readonly controller: AbortController;
  /** Called once when the handler resolved and the result is still of use. */
  readonly settle: () => void;
  /** Called once when the handler has let go of the message, whatever came of it. */
  readonly release: () => void;
}

/** Hands the messages of one topic to the handler in order, at most `maxInFlight` at a time. */
export interface Window {
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  readonly inFlight: number;
  push(ticket: Ticket): void;
  /** Hands over nothing more, and delivers nothing again. */
  close(): void;
}

export interface WindowOptions {
  readonly topic: Topic;
  readonly maxInFlight: number;
  readonly handle: Subscription['handle'];
  readonly pauses: Pauses;
  readonly onEvent: OnEvent;
  /** The queue became shorter or a handler let go. */
  readonly onChange: () => void;
}

export function createWindow(options: WindowOptions): Window {
  const { topic, maxInFlight, handle, pauses, onEvent, onChange } = options;
  const queue: Ticket[] = [];
  const closing = new AbortController();
  // One listener for every message that waits for its next delivery.
  setMaxListeners(0, closing.signal);
  let queuedBytes = 0;
  let inFlight = 0;

  return {
    get queuedMessages() {
      return queue.length;
    },
    get queuedBytes() {
      return queuedBytes;
    },
    get inFlight() {
      return inFlight;
    },
    push(ticket) {
      queue.push(ticket);
      queuedBytes += ticket.delivery.value.byteLength;
      pump();
    },
    close() {
      closing.abort();
      for (const ticket of queue.splice(0)) ticket.release();
      queuedBytes = 0;
    },
  };

  function pump(): void {
    while (inFlight < maxInFlight && !closing.signal.aborted) {
      const ticket = queue.shift();
      if (ticket === undefined) return;
      queuedBytes -= ticket.delivery.value.byteLength;
      if (ticket.controller.signal.aborted) {
        ticket.release();
        continue;
      }
      inFlight++;
      void run(ticket).then(() => {
        inFlight--;
        ticket.release();
        pump();
        onChange();
      });
    }
  }

  async function run({ delivery, controller: { signal }, settle }: Ticket): Promise<void> {
    const isGone = (): boolean => signal.aborted;
    for (let pause = pauses.first; ; pause = Math.min(2 * pause, pauses.max)) {
      try {
        await handle(delivery, signal);
        if (isGone()) break;
        settle();
        onEvent({ kind: 'handled', topic });
        return;
      } catch (error) {
        if (isGone()) break;
        onEvent({ kind: 'redelivered', topic, error });
        await sleep(pause, signal, closing.signal);
        // Nothing but a repetition was under way, so nothing of use is lost.
        if (closing.signal.aborted) return;
        if (isGone()) break;
      }
    }
    onEvent({ kind: 'revoked', topic });
  }
}
