import { setTimeout as pause } from 'node:timers/promises';
import { resultKey } from '../../../adapters/stores/objects/blobs.js';
import { parseExact } from '../../../adapters/wire/json.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import { sideBySide } from '../../../core/plan/side-by-side.js';
import type { ObjectStore } from '../../../core/ports/object-store.js';
import { ScanError } from '../../../core/scan/errors.js';
import { verdicts, type ModelIdentity, type ScanResult } from '../../../core/scan/result.js';
import type { Progress } from '../progress/index.js';
import type { Cluster } from './cluster.js';
import { FailedScan, prepareOrder, type PreparedOrder, type Submission } from './order.js';

export interface Judging {
  readonly submission: Submission;
  readonly cluster: Cluster;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Seconds that each scan may take, which the pipeline watches over. */
  readonly timeout: number;
  /** Seconds after which the pipeline itself counts as gone. */
  readonly giveUpAfter: number;
  /** Seconds between two questions how far a scan is; undefined: nobody watches. */
  readonly pollEvery?: number | undefined;
}

/** Has every model judged; results are in the order of the paths. What goes wrong with a model becomes its result. */
export async function judgeAll(paths: readonly string[], judging: Judging): Promise<ScanResult[]> {
  // Waiting does not hold up the next submission.
  const waiting = await submitAll(paths, judging, (submitted) => ({
    result: resultOf(submitted, judging).then((result) => {
      judging.progress.finished(result);
      return result;
    }),
  }));
  return Promise.all(waiting.map(({ result }) => result));
}

/** The order of a model that is with the pipeline, or why it is not. */
export type Submitted = PreparedOrder | { readonly failed: ScanResult };

/** Sends every model to the pipeline. */
export async function submitAll<T>(
  paths: readonly string[],
  { submission, cluster, progress, signal, timeout }: Judging,
  then: (submitted: Submitted) => T,
): Promise<T[]> {
  const failed = (error: unknown, model: ModelIdentity, settings = submission.settings): Submitted => ({
    failed: (error instanceof FailedScan ? error : new FailedScan({ ...submission, settings }, model, error)).result,
  });
  const start = (prepared: PreparedOrder): Promise<Submitted> =>
    cluster.start(prepared.order, timeout).then(
      () => prepared,
      (error: unknown) => failed(error, identityOf(prepared), prepared.order.settings),
    );
  // The next model is read while the pipeline is told of this one.
  const started = await sideBySide(paths, { most: uploadsAtATime }, async (path) => {
    progress.update({ path, stage: 'identify', done: 0, total: 1 });
    try {
      if (signal.aborted) throw new ScanError('cancelled', `${path}: the scan was cancelled`);
      const prepared = await prepareOrder(path, submission);
      return { submitted: start(prepared).then(then) };
    } catch (error) {
      return { submitted: Promise.resolve(then(failed(error, { path }))) };
    }
  });
  return Promise.all(started.map(({ submitted }) => submitted));
}

/** Each model is in memory as a whole while it is read. */
const uploadsAtATime = 2;
/** What a JavaScript string can hold. */
const maxResultBytes = 2 ** 29 - 24;

async function resultOf(submitted: Submitted, judging: Judging): Promise<ScanResult> {
  if ('failed' in submitted) return submitted.failed;
  const { order } = submitted;
  const { submission, cluster, signal, giveUpAfter } = judging;
  const done = new AbortController();
  const stop = AbortSignal.any([signal, done.signal]);
  // Unlike that of AbortSignal.timeout, this clock keeps the process alive while it waits.
  const clock = setTimeout(
    () => {
      done.abort();
    },
    Math.min(giveUpAfter * 1000, 2 ** 31 - 1),
  );
  try {
    void pollProgress(order, judging, stop);
    await Promise.race([cluster.outcome(order.scanId, stop), stopped(stop, () => whyStopped(order, signal))]);
    return await loadResult(submission.store, submitted, stop);
  } catch (error) {
    return new FailedScan({ ...submission, settings: order.settings }, identityOf(submitted), error).result;
  } finally {
    clearTimeout(clock);
    done.abort();
  }
}

function stopped(stop: AbortSignal, why: () => ScanError): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = () => {
      reject(why());
    };
    if (stop.aborted) onAbort();
    else stop.addEventListener('abort', onAbort, { once: true });
  });
}

/** The scan goes on: others may wait for it too. */
function whyStopped({ model: { name } }: ScanOrder, signal: AbortSignal): ScanError {
  if (signal.aborted) {
    return new ScanError('cancelled', `${name}: no longer waited for; the pipeline goes on, submit it again to see`);
  }
  return new ScanError(
    'deadline-exceeded',
    `${name}: the pipeline did not answer in time; check that its orchestrator is running, or allow more time`,
    { retryable: true },
  );
}

async function pollProgress(order: ScanOrder, judging: Judging, stop: AbortSignal): Promise<void> {
  const { cluster, progress, pollEvery } = judging;
  const path = order.model.name;
  const isOver = () => stop.aborted;
  while (pollEvery !== undefined && !isOver()) {
    const seen = await cluster.progress(order.scanId);
    if (seen?.stage && !isOver()) progress.update({ path, stage: seen.stage, done: seen.done, total: seen.total });
    await pause(pollEvery * 1000, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** The whole result of a scan, pictures included, under the name that the model has here. */
async function loadResult(
  store: ObjectStore,
  { order, stated }: PreparedOrder,
  stop: AbortSignal,
): Promise<ScanResult> {
  const { scanId, model } = order;
  const key = resultKey(scanId);
  const wrong = (why: string) =>
    new ScanError('storage-failed', `${model.name}: object ${key} ${why}; submit the model again`, { retryable: true });
  const found = await readPatiently(store, key, stop);
  if (!found) throw wrong('with the result is not there');
  if ('tooLarge' in found) throw wrong(`has ${found.tooLarge} bytes, more than ${maxResultBytes}`);
  const result = parseExact(found.body.toString('utf8')) as Partial<ScanResult> | null;
  if (result?.scanId !== scanId || !verdicts.some((verdict) => verdict === result.verdict)) {
    throw wrong('holds no result of this scan');
  }
  const whole = result as ScanResult;
  return { ...whole, model: { ...whole.model, path: model.name, preprocessing: stated } };
}

type ReadResult = { readonly body: Buffer } | { readonly tooLarge: number };

/** There is a verdict: an object store that is away for a while only keeps it waiting. */
async function readPatiently(store: ObjectStore, key: string, stop: AbortSignal): Promise<ReadResult | undefined> {
  for (;;) {
    try {
      return await readResult(store, key);
    } catch (error) {
      if (stop.aborted || !(error instanceof ScanError) || !error.retryable) throw error;
    }
    await pause(readAgainMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

const readAgainMs = 1000;

async function readResult(store: ObjectStore, key: string): Promise<ReadResult | undefined> {
  const found = await store.get(key);
  if (!found) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of found.body) {
    if (found.bytes > maxResultBytes) return { tooLarge: found.bytes };
    chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks) };
}

function identityOf({ order, stated }: PreparedOrder): ModelIdentity {
  const { name, digest, format, files } = order.model;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { path: name, digest, bytes, format, preprocessing: stated };
}
