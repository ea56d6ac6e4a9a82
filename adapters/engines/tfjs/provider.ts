import { createRequire } from 'node:module';
import { ScanError } from '../../../core/scan/errors.js';
import type { Tf } from './library.js';

export const tfjsProviders = ['gpu', 'node', 'wasm', 'cpu'] as const;
/**
 * What tfjs computes with, the fastest first: the native library with CUDA, the native library, WebAssembly, plain JavaScript.
 */
export type TfjsProvider = (typeof tfjsProviders)[number];

export interface Loaded {
  readonly tf: Tf;
  readonly provider: TfjsProvider;
  /** Makes this provider the one the library computes with; sessions of several providers may share a process. */
  readonly activate: () => void;
}

/**
 * Loads one provider, or with `auto` the first that works.
 * @param from path of a file whose packages are used; this program's own by default
 * @throws ScanError `engine-unavailable`, with how to get what is missing
 */
export async function loadProvider(wanted: TfjsProvider | 'auto', threads: number, from?: string): Promise<Loaded> {
  const require = createRequire(from ?? import.meta.url);
  const tried = wanted === 'auto' ? tfjsProviders : [wanted];
  const problems: string[] = [];
  for (const provider of tried) {
    try {
      return await loaders[provider](require, threads);
    } catch (thrown) {
      problems.push(`${provider}: ${oneLine(thrown)}`);
    }
  }
  const hint = wanted === 'auto' ? howToGetTfjs.cpu : howToGetTfjs[wanted];
  throw new ScanError(
    'engine-unavailable',
    wanted === 'auto'
      ? `the engine tfjs cannot be loaded on ${process.platform}-${process.arch}: ${problems.join('; ')}. ${hint}`
      : `the provider ${wanted} of tfjs does not work here: ${problems[0]!.slice(wanted.length + 2)}. ${hint} ` +
          `'neuroninspect doctor' lists what works.`,
  );
}

export const howToGetTfjs: Readonly<Record<TfjsProvider, string>> = {
  // Not npm rebuild: it runs no install script that package.json does not allow, and says nothing.
  gpu:
    'It needs an NVIDIA driver, CUDA, cuDNN and the native library that ' +
    "'npm explore @tensorflow/tfjs-node-gpu -- node scripts/install.js gpu download' fetches.",
  node:
    "It needs the package and its native library: 'npm install @tensorflow/tfjs-node', then " +
    "'npm explore @tensorflow/tfjs-node -- node scripts/install.js'.",
  wasm: "Run 'npm install' again without --omit=optional; the package @tensorflow/tfjs-backend-wasm brings this provider.",
  cpu: "Run 'npm install' again without --omit=optional; the package @tensorflow/tfjs-backend-cpu brings this provider.",
};

type Loader = (require: NodeJS.Require, threads: number) => Promise<Loaded>;

const loaders: Readonly<Record<TfjsProvider, Loader>> = {
  gpu: async (require, threads) => {
    const loaded = await loadNative(require, '@tensorflow/tfjs-node-gpu', 'gpu', threads);
    if (loaded.tf.backend().isUsingGpuDevice !== true) throw new Error('TensorFlow finds no GPU');
    return loaded;
  },
  // The GPU package computes on the CPU where there is no GPU.
  node: async (require, threads) => {
    try {
      return await loadNative(require, '@tensorflow/tfjs-node', 'node', threads);
    } catch (thrown) {
      return loadNative(require, '@tensorflow/tfjs-node-gpu', 'node', threads).catch(() => {
        throw thrown;
      });
    }
  },
  wasm: async (require) => {
    const tf = quiet(require);
    // Its threads are worker processes of a browser; one session of one thread per core is what the scanner wants anyway.
    load(require, '@tensorflow/tfjs-backend-wasm');
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    return activated(tf, 'wasm', 'wasm');
  },
  cpu: async (require) => {
    const tf = quiet(require);
    load(require, '@tensorflow/tfjs-backend-cpu');
    return activated(tf, 'cpu', 'cpu');
  },
};

/** A package that does its work by being loaded. */
function load(require: NodeJS.Require, name: string): void {
  require(name);
}

/** The library prints a banner about itself when the first tensor is made outside production. */
function quiet(require: NodeJS.Require): Tf {
  const tf = require('@tensorflow/tfjs-core') as Tf;
  tf.env().set('PROD', true);
  return tf;
}

async function loadNative(
  require: NodeJS.Require,
  name: string,
  provider: 'gpu' | 'node',
  threads: number,
): Promise<Loaded> {
  // TensorFlow reads these when it starts.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  process.env.TF_NUM_INTEROP_THREADS ??= '1';
  // The package still calls two functions that Node.js 23 removed.
  const util = require('node:util') as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
  quiet(require);
  const tf = require(name) as Tf;
  tf.env().set('PROD', true);
  return activated(tf, 'tensorflow', provider);
}

async function activated(tf: Tf, backend: string, provider: TfjsProvider): Promise<Loaded> {
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} cannot be started`);
  await tf.ready();
  return {
    tf,
    provider,
    activate: () => {
      // Settles at once for a backend that has been started.
      if (tf.getBackend() !== backend) void tf.setBackend(backend);
    },
  };
}

function oneLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n', 1)[0]!.trim().replace(/\.$/, '');
}
