import type { Task } from '../../core/pipeline/task.js';
import type { Delivery } from '../../core/ports/transport.js';
import { ScanError } from '../../core/scan/errors.js';
import type { EngineSlot } from './engine-slot.js';
import type { Schedulable } from './scheduler.js';

/** Why a task ends without a result; `elsewhere`: what it needs is missing here and may be there on another worker. */
export type Ending = 'dropped' | 'handed-back' | 'elsewhere';

/** A task from its delivery to its acknowledgement; several deliveries of the same task share one. */
export interface Job extends Schedulable {
  readonly task: Task;
  readonly delivery: Delivery;
  /** Aborted with the ending when the task is not to be finished here. */
  readonly signal: AbortSignal;
  /** Of the youngest message about the task. */
  createdAt: number;
  readonly ending: Ending | undefined;
  end(ending: Ending): void;
  phase: 'preparing' | 'waiting' | 'running' | 'answering';
  /** Milliseconds since the epoch; of the present phase. */
  since: number;
  /** Gives it the slot it waits for. */
  start: (slot: EngineSlot) => void;
  /** Resolves when it is finished or dropped, rejects when it was handed back. */
  done: Promise<void>;
  /** Deliveries that wait for it. */
  followers: number;
}

export function createJob(task: Task, delivery: Delivery): Job {
  const abort = new AbortController();
  const { id, lane, createdAt, notAfter, order } = task;
  let ending: Ending | undefined;
  return {
    id,
    scanId: order.scanId,
    lane,
    createdAt,
    notAfter,
    task,
    delivery,
    signal: abort.signal,
    get ending() {
      return ending;
    },
    end: (why) => {
      ending ??= why;
      abort.abort();
    },
    phase: 'preparing',
    since: Date.now(),
    start: () => undefined,
    done: Promise.resolve(),
    followers: 0,
  };
}

/** Whether nothing of it was computed yet. */
export function isQueued({ phase }: Job): boolean {
  return phase === 'preparing' || phase === 'waiting';
}

export function enter(job: Job, phase: Job['phase']): void {
  job.phase = phase;
  job.since = Date.now();
}

export function handedBack({ id }: Job): ScanError {
  return new ScanError('cancelled', `task ${id} is handed back; it is delivered again`, { retryable: true });
}

/** Resolves or rejects like the promise, but with the error as soon as the signal aborts. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, error: () => ScanError): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(error());
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', onAbort);
    });
  });
}
