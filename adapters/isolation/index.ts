import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { EngineInfo } from '../../core/ports/engine.js';
import type { ModelJob, OpenModel, Runner } from '../../core/ports/runner.js';
import { asScanError, ScanError } from '../../core/scan/errors.js';
import type { EngineName, ProviderName } from '../engines/names.js';
import { createPool, type Pool, type Seat } from './pool.js';
import type { ArgumentOf, HostMethod, Opened, ResultOf, SurveyedModel, SurveyJob } from './protocol.js';
import type { Task, WorkerProcess } from './worker-process.js';

export interface IsolatedRunnerOptions {
  /** Worker processes in all, shared by all open models. One per core is right: see `threadsPerWorker`. */
  readonly workers: number;
  /** `onnxruntime` by default. */
  readonly engine?: EngineName | undefined;
  /** One of the engine's. */
  readonly provider: ProviderName;
  /** Engine threads of one worker; 1 by default: two one-thread workers are faster than one with two threads. */
  readonly threadsPerWorker?: number | undefined;
  /** For one request (inspecting, one shard, one confirmation), counted from when a worker takes it. */
  readonly timeoutMs: number;
  /** JavaScript heap of one worker (V8's `--max-old-space-size`); by default what Node chooses for the machine. */
  readonly maxHeapMb?: number | undefined;
  /** Resident memory of one worker, engine included; by default its share of four fifths of the machine's memory. */
  readonly maxMemoryMb?: number | undefined;
  /** How many models a worker keeps open. 1 by default; more where the parts of several scans take turns. */
  readonly modelsPerWorker?: number | undefined;
  /** How often a request whose process crashed is tried again in a fresh one. 1 by default. */
  readonly crashRetries?: number | undefined;
  /** Path of the module a worker process runs. */
  readonly hostModule?: string | undefined;
}

/**
 * A runner that keeps everything native, and everything that reads model files, in child processes. A worker that dies, hangs
 * or outgrows its memory takes its request with it and nothing else; the next request starts a new one.
 *
 * - Processes start when they are first needed, stay for the next model, and end with this process, however it ends.
 * - A worker holds `modelsPerWorker` models and does one thing at a time. The first worker of a model stays with it until the
 *   model is closed; workers with room for another model help where shards wait, for the price of opening the model again. Any
 *   number of models may be open, but one beyond `workers` times `modelsPerWorker` waits until another model is closed or idle
 *   for a moment.
 * - What crashes after the model was opened is tried `crashRetries` times more, each in a fresh process; the last crash is
 *   final. A request over its time or memory is not tried again.
 * - `close` of a model ends what still runs for it (`cancelled`).
 *
 * @throws ScanError from all calls: what `core/execute` throws, with its code, and `engine-crashed`, `engine-timeout`,
 *   `engine-out-of-memory`, `cancelled`.
 */
export function createIsolatedRunner(options: IsolatedRunnerOptions): IsolatedRunner {
  const {
    workers,
    engine = 'onnxruntime',
    provider,
    threadsPerWorker = 1,
    timeoutMs,
    maxHeapMb,
    maxMemoryMb,
  } = options;
  const { modelsPerWorker = 1, crashRetries = 1 } = options;
  const pool = createPool<Owner>(workers, modelsPerWorker, {
    hostModule: options.hostModule ?? fileURLToPath(new URL('./host.js', import.meta.url)),
    engine,
    provider,
    threads: threadsPerWorker,
    parentPid: process.pid,
    maxHeapMb,
    maxResidentBytes: maxMemoryMb === undefined ? memoryShare(workers) : maxMemoryMb * 2 ** 20,
  });
  let lastId = 0;
  /** A request about no open model. */
  const once = async <M extends HostMethod>(
    method: M,
    argument: ArgumentOf<M>,
    model: string,
    doing: string,
  ): Promise<ResultOf<M>> => {
    const nobody = { id: ++lastId };
    const task = { id: nobody.id, model, doing, timeoutMs };
    try {
      return await withSeat(pool, nobody, (seat) => seat.process().request(method, argument, task));
    } finally {
      pool.forget(nobody, new ScanError('cancelled', `${model}: ${doing} is over`));
    }
  };
  return {
    open: async ({ path, images, preprocessing, profile, selection, limits }) => {
      // The caller's object may hold more, which need not be fit for a structured clone.
      const job: ModelJob = { path, images, preprocessing, profile, selection, limits };
      const opened: OpenedJob = { id: ++lastId, job, timeoutMs, crashRetries, modelsPerWorker, digest: undefined };
      try {
        const first = await withSeat(pool, opened, (seat) => load(seat.process(), seat, opened));
        return openModel(pool, opened, first, workers);
      } catch (thrown) {
        pool.forget(opened, cancelled(job));
        throw thrown;
      }
    },
    check: () => once('check', undefined, 'the engine', 'computing 1 + 1'),
    survey: (job) => once('survey', job, job.path, 'reading it'),
    pids: () => pool.pids(),
    close: () => pool.close(),
  };
}

export interface IsolatedRunner extends Runner {
  open(job: ModelJob): Promise<IsolatedModel>;
  /** Proves that a worker process starts and its engine computes. */
  check(): Promise<EngineInfo>;
  /** What a scan would make of a model; nothing is run and nothing stays open. @throws ScanError where it cannot be read. */
  survey(job: SurveyJob): Promise<SurveyedModel>;
  /** Of the worker processes that run now. */
  pids(): number[];
}

export interface IsolatedModel extends OpenModel {
  /** Of the model's files as the worker read them. */
  readonly digest: string;
}

interface Owner {
  readonly id: number;
}

/** A model that is or was open in some workers. */
interface OpenedJob extends Owner {
  readonly job: ModelJob;
  readonly timeoutMs: number;
  readonly crashRetries: number;
  readonly modelsPerWorker: number;
  /** Of the files as first read; every worker must read the same. */
  digest: string | undefined;
}

function openModel(
  pool: Pool<Owner>,
  opened: OpenedJob,
  { inspection, engine, digest }: Opened,
  workers: number,
): IsolatedModel {
  const { job } = opened;
  let closed = false;

  const call = async <M extends HostMethod>(
    method: M,
    argument: ArgumentOf<M>,
    doing: string,
  ): Promise<ResultOf<M>> => {
    const once = async (): Promise<ResultOf<M>> => {
      if (closed) throw cancelled(job);
      return withSeat<ResultOf<M>>(pool, opened, async (seat) => {
        if (closed) throw cancelled(job);
        // Asked for first: where a process is gone, what it held is forgotten.
        const worker = seat.process();
        if (!seat.loaded.has(opened)) await load(worker, seat, opened);
        markUsed(seat, opened);
        return worker.request(method, argument, taskOf(opened, doing));
      });
    };
    for (let retries = opened.crashRetries; ; retries--) {
      try {
        return await once();
      } catch (thrown) {
        if (!(thrown instanceof ScanError) || thrown.code !== 'engine-crashed' || retries === 0) throw thrown;
      }
    }
  };

  return {
    inspection,
    engine,
    digest,
    workers,
    runShard: (shard) => call('shard', shard, `running shard ${shard.id}`),
    confirm: (classIndex) => call('confirm', classIndex, `confirming class ${classIndex}`),
    explain: (request) => call('explain', request, `computing ${request.rule} gradients`),
    close: () => {
      if (!closed) pool.forget(opened, cancelled(job));
      closed = true;
      return Promise.resolve();
    },
  };
}

async function withSeat<T>(pool: Pool<Owner>, owner: Owner, work: (seat: Seat<Owner>) => Promise<T>): Promise<T> {
  const seat = await pool.seat(owner);
  try {
    return await work(seat);
  } finally {
    pool.leave(seat);
  }
}

async function load(worker: WorkerProcess, seat: Seat<Owner>, opened: OpenedJob): Promise<Opened> {
  const { job, modelsPerWorker } = opened;
  for (const idle of seat.loaded) {
    if (seat.loaded.size < modelsPerWorker) break;
    seat.loaded.delete(idle);
    worker.unload(idle.id);
  }
  try {
    const result = await worker.request('open', job, taskOf(opened, 'inspecting it'));
    opened.digest ??= result.digest;
    if (opened.digest !== result.digest) {
      worker.unload(opened.id);
      throw new ScanError('model-unreadable', `${job.path}: the file changed during the scan; scan it again`, {
        retryable: true,
      });
    }
    markUsed(seat, opened);
    return result;
  } catch (thrown) {
    throw asScanError(thrown, 'internal', job.path);
  }
}

function markUsed({ loaded }: Seat<Owner>, opened: OpenedJob): void {
  loaded.delete(opened);
  loaded.add(opened);
}

function taskOf({ id, job, timeoutMs }: OpenedJob, doing: string): Task {
  return { id, model: job.path, doing, timeoutMs };
}

function cancelled({ path }: ModelJob): ScanError {
  return new ScanError('cancelled', `${path}: the model was closed`);
}

/** So that a worker ends before the kernel ends something else. A container's limit counts where there is one. */
export function memoryShare(workers: number): number {
  const limit = process.constrainedMemory();
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return Math.max((0.8 * memory) / workers, minWorkerBytes);
}

const minWorkerBytes = 2 ** 29;
