import { setMaxListeners } from 'node:events';
import { LRUCache } from 'lru-cache';
import { sleep } from '../../adapters/transports/intake/sleep.js';
import { decodeClosed } from '../../adapters/wire/closed.js';
import { decodeTask } from '../../adapters/wire/task.js';
import type { Task, TaskResult } from '../../core/pipeline/task.js';
import type { ObjectStore } from '../../core/ports/object-store.js';
import type { Delivery } from '../../core/ports/transport.js';
import { asScanError, type ScanError } from '../../core/scan/errors.js';
import { reasonOf } from '../../core/scan/reason-of.js';
import type { Metrics } from '../../adapters/metrics/registry.js';
import type { Logger } from '../common/logger.js';
import { extractTrace, withSpan } from '../common/tracing.js';
import { giveUp, mapsIn, outcomeOf, publishResult, resultOf, type AnswerOptions } from './answer.js';
import { computeAhead, type Done } from './compute-ahead.js';
import { decoded } from './decoded.js';
import type { EngineSlot } from './engine-slot.js';
import { execute, openKey, type Execution, type Prepared } from './execute.js';
import { classOf, isOfThisMachine } from './failure.js';
import type { ImageCache } from './image-cache.js';
import { createJob, enter, handedBack, isQueued, unlessAborted, type Job } from './job.js';
import type { ModelCache } from './model-cache.js';
import { passOn } from './pass-on.js';
import { createScheduler } from './scheduler.js';

export interface DeskOptions extends AnswerOptions {
  readonly store: ObjectStore;
  readonly models: ModelCache;
  readonly images: ImageCache;
  readonly slots: readonly EngineSlot[];
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Tries in all of a task that breaks the engine. */
  readonly maxTries: number;
}

/** Where tasks arrive, get what they need, wait for a slot, run and are answered. */
export interface Desk {
  /** Resolves when the task is answered or nobody waits for it; rejects when it is handed back. */
  handleTask(delivery: Delivery, signal: AbortSignal): Promise<void>;
  handleClosed(delivery: Delivery): Promise<void>;
  /** Drops what nobody waits for any more. */
  sweep(): void;
  /** Why it is stuck, if it is. */
  stuck(maxTaskSeconds: number): readonly string[];
  /** Hands back what does not run yet, and all the rest after so long; resolves when nothing is left. */
  clear(graceMs: number): Promise<void>;
}

export function createDesk(options: DeskOptions): Desk {
  const { store, models, images, slots, metrics, logger, maxTries } = options;
  const scheduler = createScheduler<Job, EngineSlot>({ holds: (slot, { task }) => slot.holds(openKey(task)) });
  let free = [...slots];
  /** By task id: milliseconds since the epoch. */
  const answered = new LRUCache<string, number>({ max: 50_000 });
  const clearing = new AbortController();
  // One for each task that is passed on.
  setMaxListeners(0, clearing.signal);

  const dispatch = (): void => {
    for (;;) {
      const picked = scheduler.next(free);
      if (!picked) return;
      const { item: job, slot } = picked;
      if (job.ending !== undefined) continue;
      free = free.filter((other) => other !== slot);
      enter(job, 'running');
      job.start(slot);
    }
  };

  const turn = (job: Job): Promise<EngineSlot> =>
    new Promise((resolve, reject) => {
      job.start = resolve;
      job.signal.addEventListener('abort', () => {
        if (job.phase === 'waiting') reject(handedBack(job));
      });
      enter(job, 'waiting');
      scheduler.ready(job.id);
      dispatch();
    });

  const prepare = async ({ task: { order } }: Job): Promise<Prepared> => {
    const set = await images.get(order.images);
    return { images: set, model: await models.acquire(order.model, order.limits.maxModelBytes) };
  };

  /** The job's task, then those computed ahead of it. */
  const compute = async (job: Job): Promise<readonly Done[]> => {
    const { task } = job;
    enter(job, 'preparing');
    const preparing = prepare(job);
    let prepared: Prepared;
    try {
      prepared = await unlessAborted(preparing, job.signal, () => handedBack(job));
    } catch (thrown) {
      void preparing.then(
        ({ model }) => {
          model.release();
        },
        () => undefined,
      );
      const error = asScanError(thrown);
      const failure = classOf(error);
      if (failure === 'wait' && isOfThisMachine(error)) {
        metrics.inc('storageErrors', { store: 'disk' });
        logOf(job).warn({ code: error.code }, error.message);
        job.end('elsewhere');
      }
      if (job.ending !== undefined || failure === 'wait') throw error;
      const computed = { kind: 'failure', error, poison: failure === 'again' } as const;
      return [{ task, execution: { computed, tries: 1, seconds: 0 } }];
    }
    try {
      const slot = await turn(job);
      try {
        return await run(job, prepared, slot);
      } finally {
        free = [...free, slot];
        dispatch();
      }
    } finally {
      prepared.model.release();
    }
  };

  const run = async (job: Job, prepared: Prepared, slot: EngineSlot): Promise<readonly Done[]> => {
    const { task, signal } = job;
    const began = seconds();
    let restarting: Promise<void> | undefined;
    const stop = (): void => {
      restarting = slot.restart();
    };
    signal.addEventListener('abort', stop);
    try {
      if (signal.aborted) throw handedBack(job);
      const execution = await runOne(job, task, prepared, slot);
      const ahead = await computeAhead(task, execution, {
        run: (next) => runOne(job, next, prepared, slot),
        goOn: () => !signal.aborted && !clearing.signal.aborted && !(task.lane === 'fleet' && scheduler.waits('gate')),
      });
      await slot.trim();
      return [{ task, execution }, ...ahead];
    } finally {
      signal.removeEventListener('abort', stop);
      metrics.inc('engineBusySeconds', {}, seconds() - began);
      await restarting;
    }
  };

  const runOne = async (job: Job, task: Task, prepared: Prepared, slot: EngineSlot): Promise<Execution> => {
    const { stage } = task.work;
    const began = seconds();
    enter(job, 'running');
    try {
      const options = {
        maxTries,
        clock: seconds,
        signal: job.signal,
        onBroken: ({ code }: ScanError, again: boolean) => {
          if (code.startsWith('engine-')) metrics.inc('engineRestarts', { code });
          if (again) metrics.inc('taskRetries', { stage, code });
        },
      };
      return await withSpan(`compute ${stage}`, {}, () => execute(task, prepared, slot, options));
    } finally {
      metrics.observe('taskSeconds', { stage }, seconds() - began);
    }
  };

  /** What fails for reasons outside of the task is done again with growing pauses for as long as somebody waits for it. */
  const patiently = async <T>(job: Job, where: 'objects' | 'kafka', attempt: () => Promise<T>): Promise<T> => {
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await attempt();
      } catch (thrown) {
        const error = asScanError(thrown);
        if (job.ending !== undefined || classOf(error) !== 'wait') throw error;
        logOf(job).warn({ code: error.code, pauseMs }, error.message);
        if (error.code === 'storage-failed') metrics.inc('storageErrors', { store: where });
        await sleep(pauseMs, job.signal);
        if (!scheduler.wanted(job, Date.now())) job.end('dropped');
        if (job.signal.aborted) throw error;
      }
    }
  };

  /** One message for all of it. */
  const deliver = async (job: Job, all: readonly Done[]): Promise<void> => {
    enter(job, 'answering');
    const results: TaskResult[] = [];
    for (const { task, execution } of all) {
      const { computed, tries } = execution;
      if (computed.kind === 'failure') {
        const { error, poison } = computed;
        logOf(job).warn({ code: error.code, tries, taskId: task.id }, error.message);
        if (poison) {
          const reason = reasonOf(error);
          await patiently(job, 'kafka', () => giveUp(options, job.delivery, reason, tries, task));
          metrics.inc('deadLetters', { topic: job.delivery.topic, code: error.code });
        }
      }
      const outcome = await patiently(job, 'objects', () => outcomeOf(computed, store));
      results.push(resultOf(task, execution, { worker: options.worker, createdAt: job.createdAt, outcome }));
    }
    await patiently(job, 'kafka', () => publishResult(options.transport, results));
    for (const { task, execution } of all) {
      const { kind } = execution.computed;
      if (kind !== 'failure') answered.set(task.id, Date.now());
      if (kind === 'features') metrics.inc('mapsComputed', {}, mapsIn(task));
      count(task, kind === 'failure' ? 'failed' : 'ok');
    }
  };

  /** What cannot be sent would fail again and again: sends less of it, and in the end that it failed. */
  const deliverWhatCan = async (job: Job, all: readonly Done[]): Promise<void> => {
    try {
      await deliver(job, all);
    } catch (thrown) {
      const error = asScanError(thrown);
      const [{ task, execution }] = all as [Done];
      if (job.ending !== undefined || execution.computed.kind === 'failure') throw error;
      const failed = { ...execution, computed: { kind: 'failure', error, poison: true } } as const;
      await deliverWhatCan(job, [{ task, execution: all.length > 1 ? execution : failed }]);
    }
  };

  const work = async (job: Job): Promise<void> => {
    const { task } = job;
    metrics.observe('taskQueueSeconds', { lane: task.lane }, Math.max(0, Date.now() - task.createdAt) / 1000);
    try {
      await deliverWhatCan(job, await patiently(job, 'objects', () => compute(job)));
    } catch (thrown) {
      const { ending } = job;
      count(task, ending === 'dropped' ? 'dropped' : 'handed-back');
      if (ending === undefined) logOf(job).error({ err: thrown }, 'handed back after an error of the worker');
      else logOf(job).info(ending);
      if (ending !== 'dropped') throw ending === undefined ? thrown : handedBack(job);
    }
  };

  /** Waits for the task with this delivery; one that does not run yet and has lost all its deliveries is left to others. */
  const follow = async (job: Job, signal: AbortSignal): Promise<void> => {
    job.followers++;
    try {
      await unlessAborted(job.done, signal, () => handedBack(job));
    } finally {
      job.followers--;
      if (job.followers === 0 && isQueued(job)) job.end('handed-back');
    }
  };

  const count = ({ work: { stage }, lane }: Task, outcome: 'ok' | 'failed' | 'handed-back' | 'dropped'): void => {
    metrics.inc('tasks', { stage, lane, outcome });
  };
  const logOf = ({ id, scanId }: Job): Logger => logger.child({ scanId, taskId: id });

  const sweep = (): void => {
    for (const job of scheduler.unwanted(Date.now())) job.end('dropped');
  };

  return {
    handleTask: async (delivery, signal) => {
      const task = await decoded(options, delivery, decodeTask);
      if (!task) return;
      const job = createJob(task, delivery);
      if (clearing.signal.aborted) throw handedBack(job);
      // Sent once more before it was answered: the answer is under way.
      const isAnswered = task.createdAt <= (answered.get(task.id) ?? -Infinity);
      if (isAnswered || !scheduler.wanted(job, Date.now())) {
        count(task, 'dropped');
        return;
      }
      const { joined } = scheduler.add(job);
      if (joined) joined.createdAt = Math.max(joined.createdAt, job.createdAt);
      else {
        const attributes = { 'neuroninspect.scan': job.scanId, 'neuroninspect.task': job.id };
        const parent = extractTrace(delivery.headers);
        job.done = withSpan(`task ${task.work.stage}`, attributes, () => work(job), {
          parent,
          kind: 'consumer',
        }).finally(() => {
          scheduler.remove(job.id);
        });
      }
      const followed = joined ?? job;
      try {
        await follow(followed, signal);
      } catch (thrown) {
        if (followed.ending !== 'elsewhere' || signal.aborted) throw thrown;
        await passOn(options.transport, delivery, [signal, clearing.signal]);
      }
    },
    handleClosed: async (delivery) => {
      const closed = await decoded(options, delivery, decodeClosed);
      if (!closed) return;
      const { scanId, closedAt } = closed;
      scheduler.close(scanId, closedAt);
      sweep();
      if (scheduler.items().some((job) => job.scanId === scanId)) return;
      await Promise.all(slots.map((slot) => slot.forgetAll(scanId)));
    },
    sweep,
    stuck: (maxTaskSeconds) => {
      const late = Date.now() - maxTaskSeconds * 1000;
      const overdue = scheduler.items().filter(({ phase, since }) => phase === 'running' && since < late);
      return [
        ...overdue.map(({ id }) => `task ${id} runs for more than ${maxTaskSeconds} s`),
        ...(free.length > 0 && scheduler.waiting > 0 ? ['tasks wait beside free slots'] : []),
      ];
    },
    clear: async (graceMs) => {
      clearing.abort();
      const jobs = scheduler.items();
      for (const job of jobs.filter(isQueued)) job.end('handed-back');
      const late = setTimeout(() => {
        for (const job of jobs) job.end('handed-back');
      }, graceMs);
      await Promise.allSettled(jobs.map(({ done }) => done));
      clearTimeout(late);
    },
  };
}

function seconds(): number {
  return performance.now() / 1000;
}

const firstPauseMs = 200;
const longestPauseMs = 30_000;
