import { createRequire } from 'node:module';
import type { InferenceSession } from 'onnxruntime-node';
import type { Graph, Tensor } from '../../../core/onnx/graph.js';
import type { Engine, EngineInfo, EngineSession } from '../../../core/ports/engine.js';
import { encodeModel } from '../../formats/onnx/index.js';
import { engineError } from './errors.js';
import { chooseProvider, importOnnxruntime } from './provider.js';
import type { Onnxruntime, Provider } from './provider.js';
import { fromOrtTensor, toOrtTensor } from './tensors.js';
import { verified } from './verify.js';

export interface OnnxruntimeOptions {
  /** `auto` is CUDA where it works and the CPU elsewhere; every other name is that provider or an error. */
  readonly provider: Provider | 'auto';
  /** Threads of one session; 1 by default: two one-thread processes beat one two-thread session by half. */
  readonly threads?: number | undefined;
  /**
   * ONNX Runtime's graph optimisation; `all` by default. It alone blocks channels: programs of a six-convolution net run 1.5
   * times as fast as with `extended`, for 2 to 4 ms more start-up.
   */
  readonly graphOptimization?: 'disabled' | 'basic' | 'extended' | 'all' | undefined;
}

/**
 * Runs programs with ONNX Runtime. The native library is loaded by the first `load`; until then `info.provider` is the
 * provider asked for, afterwards the one that runs.
 *
 * @throws ScanError `engine-unavailable` from `load` where the library or the provider cannot be used,
 *   `engine-failed` for a program that is refused, `engine-out-of-memory`.
 */
export function createOnnxruntimeEngine(options: OnnxruntimeOptions): Engine {
  const { provider, threads = 1 } = options;
  let chosen: Promise<{ ort: Onnxruntime; provider: Provider }> | undefined;
  let running: string = provider;

  const choose = async (): Promise<{ ort: Onnxruntime; provider: Provider }> => {
    const ort = await importOnnxruntime();
    const available = await chooseProvider(ort, provider);
    running = available;
    return { ort, provider: available };
  };

  return {
    get info(): EngineInfo {
      return { name: 'onnxruntime', version: installedVersion(), provider: running, threads };
    },
    load: async (program) => {
      const { ort, provider: available } = await (chosen ??= choose());
      const load = (on: Provider): Promise<EngineSession> =>
        loadSession(ort, program, on, sessionOptions(options, on, threads));
      const session = await load(available);
      return available === 'webgpu'
        ? verified(session, () => load('cpu'), { program: program.name, provider: available })
        : session;
    },
  };
}

async function loadSession(
  ort: Onnxruntime,
  program: Graph,
  provider: Provider,
  options: InferenceSession.SessionOptions,
): Promise<EngineSession> {
  const what = `program '${program.name}'`;
  const session = await attempt(what, provider, () => ort.InferenceSession.create(encodeModel(program), options));
  let disposed = false;
  return {
    run: (feeds, outputs = session.outputNames) =>
      attempt(what, provider, async () => {
        const inputs = Object.fromEntries(
          Array.from(feeds, ([name, tensor]) => [name, toOrtTensor(ort, name, tensor)]),
        );
        const results = await session.run(inputs, outputs, quiet);
        return new Map<string, Tensor>(outputs.map((name) => [name, fromOrtTensor(name, results[name])]));
      }),
    dispose: async () => {
      if (disposed) return;
      disposed = true;
      await session.release();
    },
  };
}

async function attempt<T>(what: string, provider: Provider, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    throw engineError(thrown, what, provider);
  }
}

/** Errors are thrown, so the library has nothing to print; 4 is "fatal". */
const quiet = { logSeverityLevel: 4 } as const;

function sessionOptions(
  options: OnnxruntimeOptions,
  provider: Provider,
  threads: number,
): InferenceSession.SessionOptions {
  return {
    ...quiet,
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: options.graphOptimization ?? 'all',
    enableCpuMemArena: true,
    // A plan per input shape keeps its memory beside the arena: up to half more, and no faster.
    enableMemPattern: false,
    // Waiting threads sleep: the cores belong to the other workers. Quantised models are computed as they are written: moving
    // their QuantizeLinear nodes about changes the numbers, and 1.30 then refuses int8 ones (output_dtype and zero point differ).
    extra: { session: { intra_op: { allow_spinning: '0' }, disable_quant_qdq: '1' } },
  };
}

/** Read from the package's manifest, so that asking does not load the native library. */
function installedVersion(): string {
  try {
    return (createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }).version;
  } catch {
    return 'not installed';
  }
}
