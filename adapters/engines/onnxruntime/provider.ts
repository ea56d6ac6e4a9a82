import type ort from 'onnxruntime-node';
import { ScanError } from '../../../core/scan/errors.js';
import { addOneProgram } from '../add-one-program.js';
import { encodeModel } from '../../formats/onnx/index.js';

export type Onnxruntime = typeof ort;

export const providers = ['cpu', 'cuda', 'webgpu'] as const;
/** Names of ONNX Runtime's execution providers. */
export type Provider = (typeof providers)[number];

/**
 * Loads the native library, once per process.
 * @throws ScanError `engine-unavailable` where the package or a binary for this platform is missing.
 */
export async function importOnnxruntime(): Promise<Onnxruntime> {
  try {
    const { default: library } = await import('onnxruntime-node');
    // Read by the library when it makes its first session; its default prints warnings to stderr.
    library.env.logLevel = 'fatal';
    return library;
  } catch (thrown) {
    throw new ScanError(
      'engine-unavailable',
      `the engine onnxruntime cannot be loaded on ${process.platform}-${process.arch}: ${messageOf(thrown)}. ` +
        `Run 'npm install' again on this machine (macOS needs Apple silicon); 'neuroninspect doctor' lists what works.`,
      { cause: thrown },
    );
  }
}

/**
 * ONNX Runtime has no fallback between providers: one that cannot be used throws when a session is made. So each is tried
 * with a program of one node. `auto` never picks WebGPU: through a software rasteriser it is far slower than the CPU, and
 * nothing tells the two apart beforehand.
 *
 * @throws ScanError `engine-unavailable` for a provider asked for by name that does not work here.
 */
export async function chooseProvider(library: Onnxruntime, wanted: Provider | 'auto'): Promise<Provider> {
  if (wanted === 'cpu') return 'cpu';
  try {
    const provider = wanted === 'auto' ? 'cuda' : wanted;
    await tryProvider(library, provider);
    return provider;
  } catch (thrown) {
    if (wanted === 'auto') return 'cpu';
    throw new ScanError(
      'engine-unavailable',
      `the provider ${wanted} of onnxruntime does not work here: ${messageOf(thrown)}. ${howToGet[wanted]} ` +
        `Use --provider cpu to run without it; 'neuroninspect doctor' lists what works.`,
      { cause: thrown },
    );
  }
}

async function tryProvider(library: Onnxruntime, provider: Provider): Promise<void> {
  const session = await library.InferenceSession.create(encodeModel(addOneProgram), {
    executionProviders: [provider],
    logSeverityLevel: 4,
  });
  try {
    await session.run({ x: new library.Tensor('float32', new Float32Array(1), [1]) });
  } finally {
    await session.release();
  }
}

const howToGet: Readonly<Record<Exclude<Provider, 'cpu'>, string>> = {
  cuda:
    'It needs Linux x64, an NVIDIA driver, CUDA 12 and cuDNN 9, and the libraries that ' +
    "'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node' downloads.",
  webgpu: 'It needs a GPU with a Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS) driver.',
};

function messageOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n', 1)[0]!.replace(/\.$/, '');
}
