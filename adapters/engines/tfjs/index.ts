import { createRequire } from 'node:module';
import type { Engine, EngineInfo } from '../../../core/ports/engine.js';
import { loadProvider, type Loaded, type TfjsProvider } from './provider.js';
import { newSession } from './session.js';

export interface TfjsOptions {
  /** `auto` is the first of `gpu`, `node`, `wasm`, `cpu` that loads; every other name is that provider or an error. */
  readonly provider: TfjsProvider | 'auto';
  /** Threads of the native library; the others have one. */
  readonly threads?: number | undefined;
  /** Path of a file whose installed packages are used; this program's own by default. */
  readonly packagesOf?: string | undefined;
}

/**
 * Runs programs with TensorFlow.js, op by op: float32 and truth values on its backend, integers of other use than indices on
 * the host. The library is loaded by the first `load`; until then `info.provider` is the provider asked for, afterwards the
 * one that runs.
 *
 * @throws ScanError `engine-unavailable` from `load` where the packages or the provider cannot be used, `engine-failed` for a
 *   program with an op or element type that cannot be computed exactly, `engine-out-of-memory`.
 */
export function createTfjsEngine({ provider, threads = 1, packagesOf }: TfjsOptions): Engine {
  let loading: Promise<Loaded> | undefined;
  let running: string = provider;
  const native = (): boolean => running === 'gpu' || running === 'node';
  return {
    get info(): EngineInfo {
      return { name: 'tfjs', version: version(packagesOf), provider: running, threads: native() ? threads : 1 };
    },
    load: async (program) => {
      const loaded = await (loading ??= loadProvider(provider, threads, packagesOf));
      running = loaded.provider;
      return newSession(loaded.tf, program, loaded.activate);
    },
  };
}

/** Read from the package's manifest, so that asking does not load the library. */
function version(packagesOf: string | undefined): string {
  try {
    const require = createRequire(packagesOf ?? import.meta.url);
    return (require('@tensorflow/tfjs-core/package.json') as { version: string }).version;
  } catch {
    return 'not installed';
  }
}
