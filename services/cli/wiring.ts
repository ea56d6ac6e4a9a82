import { createIsolatedRunner } from '../../adapters/isolation/index.js';
import { fileDigest, identifyModel } from '../../adapters/formats/index.js';
import { sha256 } from '../../adapters/hash/sha256.js';
import { chooseEngine, defaultProvider, type EngineName, type ProviderName } from '../../adapters/engines/names.js';
import { openResultCache } from '../../adapters/stores/result-cache/result-cache.js';
import { nullTables } from '../../core/detect/p-value.js';
import type { Clock } from '../../core/ports/clock.js';
import type { ModelLimits, Runner } from '../../core/ports/runner.js';
import { ScanError } from '../../core/scan/errors.js';
import type { IdentifiedFiles, ScanDependencies } from '../../core/scan/scan-model.js';
import type { Progress } from './progress/index.js';
import { resultFolder } from './settings/folders.js';
import { packageVersion } from '../common/version.js';

export interface EngineSettings {
  readonly engine: EngineName;
  readonly provider?: ProviderName | undefined;
  readonly timeout: number;
}

export interface Scanner {
  readonly dependencies: ScanDependencies;
  close(): Promise<void>;
}

/** The embedded scanner: engine processes on this machine, results on this disk. */
export function createScanner(
  settings: EngineSettings & {
    readonly cache: boolean;
    readonly cacheDir?: string | undefined;
    readonly cacheSize: number;
  },
  workers: number,
  progress: Progress,
): Scanner {
  const runner = createRunner(settings, workers);
  const cache = settings.cache
    ? openResultCache({
        dir: resultFolder(settings.cacheDir),
        maxBytes: settings.cacheSize,
        version: packageVersion(),
        engine: engineKey(settings),
        warn: (message) => {
          progress.note(message);
        },
      })
    : undefined;
  return {
    dependencies: {
      runner,
      sha256,
      clock,
      identify,
      cache,
      nullTables: nullTables(),
      onProgress: (step) => {
        progress.update(step);
      },
    },
    close: () => runner.close(),
  };
}

/** @throws ScanError `usage` for a provider that the engine does not have. */
export function createRunner({ engine, provider, timeout }: EngineSettings, workers: number): Runner {
  return createIsolatedRunner({ workers, ...chooseEngine(engine, provider), timeoutMs: timeout * 1000 });
}

/** What results are told apart by: those of another provider differ in the last bits. */
function engineKey({ engine, provider }: EngineSettings): string {
  return provider === undefined || provider === defaultProvider(engine) ? engine : `${engine}-${provider}`;
}

export const clock: Clock = {
  now: () => performance.now() / 1000,
  after(seconds, ring) {
    // Longer delays than 2^31 - 1 ms fire at once.
    const timer = setTimeout(ring, Math.min(seconds * 1000, 2 ** 31 - 1));
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
};

/** A file that cannot be decoded is named by its bytes; opening it will tell what is wrong with it. */
async function identify(path: string, limits: ModelLimits): Promise<IdentifiedFiles> {
  try {
    const { digest, bytes, format, stated } = await identifyModel(path, limits);
    return { digest, bytes, format, stated };
  } catch (error) {
    const code = error instanceof ScanError ? error.code : undefined;
    if (code === 'model-malformed' || code === 'model-external-data') return fileDigest(path);
    throw error;
  }
}
