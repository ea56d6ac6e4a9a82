import { randomUUID } from 'node:crypto';
import { sleep } from '../../adapters/transports/intake/sleep.js';
import type { Delivery, Transport } from '../../core/ports/transport.js';

/**
 * Gives a task to whoever has the partition of another key, so that a worker that cannot work does not hold up those that
 * wait in its partitions; then waits a little, so that one that is alone does not do so in a circle without a pause.
 * @throws ScanError `storage-failed`.
 */
export async function passOn(
  transport: Pick<Transport, 'publish'>,
  { topic, value, headers }: Delivery,
  signals: readonly AbortSignal[],
): Promise<void> {
  await transport.publish(topic, [{ key: randomUUID(), value, headers }]);
  await sleep(pauseMs, ...signals);
}

const pauseMs = 1000;
