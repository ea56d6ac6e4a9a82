import { LRUCache } from 'lru-cache';
import type { IsolatedModel, IsolatedRunner } from '../../adapters/isolation/index.js';
import type { ModelJob } from '../../core/ports/runner.js';
import { residentBytes } from './resident-bytes.js';

/** One engine process, which holds several open models and does one thing at a time. */
export interface EngineSlot {
  holds(key: string): boolean;
  /** The model as it is open already, or opened now. */
  open(key: string, job: ModelJob): Promise<IsolatedModel>;
  forget(key: string): Promise<void>;
  /** Closes all whose key starts so; none of them may be in use. */
  forgetAll(prefix: string): Promise<void>;
  /** Ends the process and what runs in it (`cancelled`); the next call starts another one. */
  restart(): Promise<void>;
  /** Closes the model that was not used for longest where the process has grown large. */
  trim(): Promise<void>;
  /** Proves that the engine works. */
  check(): Promise<void>;
  residentBytes(): Promise<number>;
  close(): Promise<void>;
}

export interface EngineSlotOptions {
  /** Makes a runner of one process that holds `maxModels` models and tries nothing again. */
  readonly createRunner: () => IsolatedRunner;
  readonly maxModels: number;
  /** Above it `trim` closes models; the process ends itself at a limit of its own. */
  readonly largeBytes: number;
  readonly onRequest?: (outcome: 'hit' | 'miss') => void;
}

export function createEngineSlot({ createRunner, maxModels, largeBytes, onRequest }: EngineSlotOptions): EngineSlot {
  const models = new LRUCache<string, IsolatedModel>({ max: maxModels });
  let runner = createRunner();

  const closeOldest = async (): Promise<void> => {
    await models.pop()?.close();
  };
  const forget = async (key: string): Promise<void> => {
    const model = models.peek(key);
    models.delete(key);
    await model?.close();
  };
  return {
    holds: (key) => models.has(key),
    open: async (key, job) => {
      const known = models.get(key);
      onRequest?.(known ? 'hit' : 'miss');
      if (known) return known;
      // Before the new one needs the memory.
      while (models.size >= maxModels) await closeOldest();
      const opening = runner;
      const model = await opening.open(job);
      if (opening === runner) models.set(key, model);
      return model;
    },
    forget,
    forgetAll: async (prefix) => {
      for (const key of [...models.keys()].filter((key) => key.startsWith(prefix))) await forget(key);
    },
    restart: async () => {
      const old = runner;
      models.clear();
      runner = createRunner();
      await old.close();
    },
    trim: async () => {
      if (models.size > 1 && (await residentBytes(runner.pids())) > largeBytes) await closeOldest();
    },
    check: async () => {
      await runner.check();
    },
    residentBytes: () => residentBytes(runner.pids()),
    close: () => runner.close(),
  };
}
