import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { importOnnxruntime, providers, type Provider } from '../../../adapters/engines/onnxruntime/provider.js';
import { howToGetTfjs, tfjsProviders, type TfjsProvider } from '../../../adapters/engines/tfjs/provider.js';
import type { EngineChoice } from '../../../adapters/engines/names.js';
import type { Check } from './examine.js';
import { shortened, splitMessage } from './message.js';

/** Both engines and each of their providers, by computing with it. */
export async function engineChecks(): Promise<Check[]> {
  return [...(await onnxruntimeChecks()), ...(await tfjsChecks())];
}

async function onnxruntimeChecks(): Promise<Check[]> {
  const check = { id: 'engine', name: 'engine onnxruntime' };
  try {
    const { env } = await importOnnxruntime();
    const engine: Check = { ...check, state: 'ok', value: env.versions.node ?? env.versions.common };
    const found = [engine];
    for (const provider of providers) found.push(await onnxruntimeCheck(provider));
    return found;
  } catch (error) {
    return [{ ...check, state: 'broken', ...splitMessage(error) }];
  }
}

async function onnxruntimeCheck(provider: Provider): Promise<Check> {
  const check = { id: `provider-${provider}`, name: `provider ${provider}` };
  const problem = await tryProvider({ engine: 'onnxruntime', provider });
  if (problem === undefined) return { ...check, state: 'ok', value: 'works' };
  return {
    ...check,
    state: provider === 'cpu' ? 'broken' : 'missing',
    value: reason(problem),
    hint: howToGet[provider],
  };
}

const howToGet: Readonly<Record<Provider, string>> = {
  cpu: 'Run npm install again on this machine; the package onnxruntime-node brings this provider.',
  cuda:
    'Needs Linux x64, an NVIDIA driver, CUDA 12, cuDNN 9, and: ' +
    'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node',
  webgpu: 'Needs a GPU with a Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS) driver.',
};

/** The second engine is optional. */
async function tfjsChecks(): Promise<Check[]> {
  const check = { id: 'engine-tfjs', name: 'engine tfjs' };
  const version = installedTfjs();
  if (version === undefined) {
    const hint = 'Only --engine tfjs needs it. Run npm install without --omit=optional.';
    return [{ ...check, state: 'missing', value: 'not installed', hint }];
  }
  const found: Check[] = [{ ...check, state: 'ok', value: version }];
  for (const provider of tfjsProviders) found.push(await tfjsCheck(provider));
  return found;
}

async function tfjsCheck(provider: TfjsProvider): Promise<Check> {
  const check = { id: `tfjs-${provider}`, name: `tfjs ${provider}` };
  const problem = await tryProvider({ engine: 'tfjs', provider });
  if (problem === undefined) return { ...check, state: 'ok', value: 'works' };
  return { ...check, state: 'missing', value: reason(problem), hint: howToGetTfjs[provider] };
}

function installedTfjs(): string | undefined {
  try {
    return (createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json') as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** What went wrong, undefined when it works. */
function tryProvider({ engine, provider }: EngineChoice): Promise<string | undefined> {
  return new Promise((resolve) => {
    const script = fileURLToPath(new URL('./try-provider.js', import.meta.url));
    const child = fork(script, [engine, provider], { stdio: 'ignore', timeout: providerTimeout, execArgv: [] });
    child.on('message', ({ problem }: { problem: string | null }) => {
      resolve(problem ?? undefined);
    });
    child.on('error', (error) => {
      resolve(error.message);
    });
    child.on('exit', (code, signal) => {
      resolve(`the process ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

/** Milliseconds; a software rasteriser needs some seconds. */
const providerTimeout = 60_000;

/** Without what the line says anyway. */
function reason(problem: string): string {
  const own = problem.replace(/^the provider \w+ of \w+ does not work here: /, '');
  return shortened(own.split(/\.? (?:It needs|Run 'npm) /)[0]!);
}
