import type { Delivery, Message, Subscription } from '../../core/ports/transport.js';

/** A handler that notes what it gets before it does anything. */
export function inbox(work: (delivery: Delivery, signal: AbortSignal) => Promise<unknown> = () => Promise.resolve()): {
  readonly received: Delivery[];
  /** One for every delivery. */
  readonly signals: AbortSignal[];
  readonly handle: Subscription['handle'];
} {
  const received: Delivery[] = [];
  const signals: AbortSignal[] = [];
  return {
    received,
    signals,
    async handle(delivery, signal) {
      received.push(delivery);
      signals.push(signal);
      await work(delivery, signal);
    },
  };
}

export function message(key: string, text: string): Message {
  return { key, value: Buffer.from(text) };
}

export function textOf(delivery: Delivery): string {
  return Buffer.from(delivery.value).toString();
}

export function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key-${index}`);
}

/** A promise that somebody else resolves. */
export function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/** Asks until it is so. Never gives up: the test's own time limit does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
