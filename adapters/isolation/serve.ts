import { writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { asScanError, ScanError } from '../../core/scan/errors.js';
import { createFrameReader, encodeFrame } from './frames.js';
import {
  connectionFd,
  toPlainError,
  type Host,
  type HostReply,
  type HostRequest,
  type HostSettings,
} from './protocol.js';

/**
 * The worker process's main loop: answers one request after the other and ends with the connection, so that no process
 * outlives the scanner.
 */
export function serve(createHost: (settings: HostSettings) => Host): void {
  const settings = JSON.parse(process.argv[2]!) as HostSettings;
  giveWay();
  new Worker(new URL('./guard.js', import.meta.url), { workerData: settings, stdin: false }).unref();

  const host = createHost(settings);
  const connection = new Socket({ fd: connectionFd, readable: true, writable: true });
  let last = Promise.resolve();
  const read = createFrameReader((value) => {
    last = last.then(async () => {
      send(connection, await answer(host, value as HostRequest));
    });
  });
  connection.on('data', read);
  connection.on('error', () => process.exit());
  connection.on('close', () => process.exit());
}

async function answer(host: Host, { id, method, model, argument }: HostRequest): Promise<HostReply> {
  try {
    const call = host[method] as (argument: unknown, model: number) => Promise<unknown>;
    return { id, ok: true, value: await call(argument, model) };
  } catch (thrown) {
    return { id, ok: false, error: toPlainError(nativeMemory(thrown) ?? asScanError(thrown)) };
  }
}

function send(connection: Socket, reply: HostReply): void {
  let frame: readonly Buffer[];
  try {
    frame = encodeFrame(reply);
  } catch (thrown) {
    const error = new ScanError('engine-out-of-memory', `the result is too large to be passed on: ${String(thrown)}`);
    frame = encodeFrame({ id: reply.id, ok: false, error: toPlainError(error) } satisfies HostReply);
  }
  for (const part of frame) connection.write(part);
}

/** An array that could not be allocated outside of JavaScript's heap throws; the process stays sound. */
function nativeMemory(thrown: unknown): ScanError | undefined {
  if (!(thrown instanceof RangeError) || !/allocation failed|typed array length/i.test(thrown.message))
    return undefined;
  return new ScanError('engine-out-of-memory', `not enough memory: ${thrown.message}`, { cause: thrown });
}

/**
 * Terminals and service managers signal the whole group: the scanner decides what to do, and this process ends with its
 * connection. If memory runs out, this process is the one to be killed, not the scanner.
 */
function giveWay(): void {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not allowed in some sandboxes; it is a preference only.
  }
}
