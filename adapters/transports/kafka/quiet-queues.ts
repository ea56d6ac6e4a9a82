import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

/**
 * After its first answer a connection of kafkajs 2.2.4 looks every millisecond for requests to send, for ever, also where
 * none wait: a thousand wake-ups a second for every connection of an idle process. Here it looks while requests wait, and
 * kafkajs looks again by itself whenever one is added. Other versions are left as they are.
 */
export function quietQueues(): void {
  const require = createRequire(import.meta.url);
  if ((require('kafkajs/package.json') as { version: string }).version !== '2.2.4') return;
  const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };
  const { scheduleCheckPendingRequests } = prototype;
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}
