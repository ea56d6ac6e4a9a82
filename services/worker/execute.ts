import { basename, dirname, sep } from 'node:path';
import { neutralName } from '../../adapters/wire/paths.js';
import type { IsolatedModel } from '../../adapters/isolation/index.js';
import type { Task } from '../../core/pipeline/task.js';
import type { EngineInfo } from '../../core/ports/engine.js';
import type { Inspection, ShardFeatures } from '../../core/scan/features.js';
import { asScanError, ScanError } from '../../core/scan/errors.js';
import type { ImageSet } from '../../core/scan/images.js';
import type { Evidence } from '../../core/scan/result.js';
import type { EngineSlot } from './engine-slot.js';
import { classOf } from './failure.js';
import type { ModelLease } from './model-cache.js';

/** What a task needs, on this machine. */
export interface Prepared {
  readonly model: ModelLease;
  readonly images: ImageSet;
}

export interface Execution {
  readonly computed: Computed;
  /** Seconds in the engine, all tries together. */
  readonly seconds: number;
  readonly tries: number;
}

export type Computed = Answer | { readonly kind: 'failure'; readonly error: ScanError; readonly poison: boolean };

export type Answer =
  | {
      readonly kind: 'inspection';
      readonly inspection: Inspection;
      readonly images: ImageSet;
      readonly engine: EngineInfo;
    }
  | { readonly kind: 'features'; readonly features: ShardFeatures; readonly engine: EngineInfo }
  | { readonly kind: 'evidence'; readonly evidence: Evidence; readonly engine: EngineInfo };

export interface ExecuteOptions {
  /** Tries in all of a task that breaks the engine. */
  readonly maxTries: number;
  /** Seconds. */
  readonly clock: () => number;
  /** Aborted when nobody waits for the task any more. */
  readonly signal: AbortSignal;
  /** The task needs a fresh process; `again`: it is tried once more. */
  readonly onBroken: (error: ScanError, again: boolean) => void;
}

/** The same key: the same model opened in the same way. */
export function openKey({ order: { scanId, limits } }: Task): string {
  return `${scanId} ${limits.maxModelBytes} ${limits.maxRunBytes}`;
}

/**
 * Runs a task in an engine process, where need be several times, each time in a fresh process.
 * @throws ScanError that is not the task's fault: `storage-failed`, `engine-unavailable`; `cancelled` after the signal.
 */
export async function execute(
  task: Task,
  { model: lease, images }: Prepared,
  slot: EngineSlot,
  { maxTries, clock, signal, onBroken }: ExecuteOptions,
): Promise<Execution> {
  const started = clock();
  const finished = (computed: Computed, tries: number): Execution => ({ computed, tries, seconds: clock() - started });
  let repaired = false;
  for (let tries = 1; ; tries++) {
    try {
      return finished(await attempt(task, lease, images, slot), tries);
    } catch (thrown) {
      const error = inWordsOfTheOrder(asScanError(thrown), task, lease);
      if (signal.aborted) throw new ScanError('cancelled', `task ${task.id}: nobody waits for it any more`);
      if (error.code.startsWith('model-')) {
        await slot.forget(openKey(task));
        // The copy on this disk may be what is wrong.
        if (!repaired && (await lease.repair())) {
          repaired = true;
          tries--;
          continue;
        }
      }
      const failure = classOf(error);
      if (failure === 'wait') throw error;
      if (failure === 'final') return finished({ kind: 'failure', error, poison: false }, tries);
      await slot.restart();
      onBroken(error, tries < maxTries);
      if (tries >= maxTries) return finished({ kind: 'failure', error, poison: true }, tries);
    }
  }
}

async function attempt(task: Task, { path }: ModelLease, images: ImageSet, slot: EngineSlot): Promise<Answer> {
  const { order, work } = task;
  const { settings, limits } = order;
  const model: IsolatedModel = await slot.open(openKey(task), { path, images, ...settings, limits });
  if (model.digest !== order.model.digest) {
    throw new ScanError(
      'model-unreadable',
      `${order.model.name}: the files the model consists of have the digest ${model.digest}, not ${order.model.digest}; submit it again`,
    );
  }
  const { engine, inspection } = model;
  switch (work.stage) {
    case 'inspect':
      return { kind: 'inspection', inspection, images, engine };
    case 'saliency':
      return { kind: 'features', features: await model.runShard(work.shard), engine };
    case 'confirm':
      return { kind: 'evidence', evidence: await model.confirm(work.classIndex), engine };
  }
}

/** Messages name the model as it was pushed, not where its files lie on this machine. */
function inWordsOfTheOrder(error: ScanError, { order }: Task, { path }: ModelLease): ScanError {
  const { name, files } = order.model;
  const main = files[0]!.path;
  // A model is pushed by the name of its main file, or of the folder that holds it.
  const isFolder = main !== neutralName && main !== basename(name);
  const message = error.message
    .replaceAll(path, isFolder ? `${name}/${main}` : name)
    .replaceAll(dirname(path) + sep, isFolder ? `${name}/` : '');
  if (message === error.message) return error;
  return new ScanError(error.code, message, { cause: error, retryable: error.retryable });
}
