import { fork } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importOnnxruntime, providers, type Provider } from '../../../adapters/engines/onnxruntime/provider.js';
import { loadSharp } from '../../../adapters/images/decode.js';
import { resultFolder } from '../settings/folders.js';

export interface Check {
  /** Stable, for scripts. */
  readonly id: string;
  readonly name: string;
  /** `missing` costs speed or comfort, `broken` makes scanning impossible. */
  readonly state: 'ok' | 'info' | 'missing' | 'broken';
  readonly value: string;
  /** How to get what is missing. */
  readonly hint?: string;
}

/** Tries what a scan needs, by using it. */
export async function examine(cacheDir: string | undefined): Promise<Check[]> {
  return [nodeCheck(), ...(await engineChecks()), await sharpCheck(), ...machineChecks(), await cacheCheck(cacheDir)];
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  const check = { id: 'node', name: 'Node.js', value: `${process.versions.node}, ${process.platform}-${process.arch}` };
  return recent ? { ...check, state: 'ok' } : { ...check, state: 'broken', hint: 'Install Node.js 20.19 or newer.' };
}

async function engineChecks(): Promise<Check[]> {
  const check = { id: 'engine', name: 'engine onnxruntime' };
  try {
    const { env } = await importOnnxruntime();
    const engine: Check = { ...check, state: 'ok', value: env.versions.node ?? env.versions.common };
    const found = [engine];
    for (const provider of providers) found.push(await providerCheck(provider));
    return found;
  } catch (error) {
    return [{ ...check, state: 'broken', ...splitMessage(error) }];
  }
}

async function providerCheck(provider: Provider): Promise<Check> {
  const check = { id: `provider-${provider}`, name: `provider ${provider}` };
  const problem = await tryProvider(provider);
  if (problem === undefined) return { ...check, state: 'ok', value: 'works' };
  const hint = howToGet[provider];
  const value = problem.replace(/^the provider \w+ of onnxruntime does not work here: /, '').split(/ It needs /)[0]!;
  return { ...check, state: provider === 'cpu' ? 'broken' : 'missing', value: shortened(value), hint };
}

/** What went wrong, undefined when it works. */
function tryProvider(provider: Provider): Promise<string | undefined> {
  return new Promise((resolve) => {
    const script = fileURLToPath(new URL('./try-provider.js', import.meta.url));
    const child = fork(script, [provider], { stdio: 'ignore', timeout: providerTimeout, execArgv: [] });
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

const howToGet: Readonly<Record<Provider, string>> = {
  cpu: 'Run npm install again on this machine; the package onnxruntime-node brings this provider.',
  cuda:
    'Needs Linux x64, an NVIDIA driver, CUDA 12, cuDNN 9, and: ' +
    'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node',
  webgpu: 'Needs a GPU with a Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS) driver.',
};

async function sharpCheck(): Promise<Check> {
  const check = { id: 'images', name: 'image library sharp' };
  try {
    const { versions } = await loadSharp();
    return { ...check, state: 'ok', value: versions.sharp };
  } catch (error) {
    return { ...check, state: 'broken', ...splitMessage(error) };
  }
}

function machineChecks(): Check[] {
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const limit = process.constrainedMemory();
  // Without a limit some kernels report a number far above the memory there is.
  const limited = limit > 0 && limit < totalmem();
  return [
    { id: 'workers', name: 'workers', state: 'info', value: `${availableParallelism()} by default, one per core` },
    {
      id: 'memory',
      name: 'memory',
      state: 'info',
      value: limited ? `${gib(limit)} (limit of this container)` : gib(totalmem()),
    },
  ];
}

async function cacheCheck(cacheDir: string | undefined): Promise<Check> {
  const dir = resultFolder(cacheDir);
  const check = { id: 'cache', name: 'result cache' };
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const probe = join(dir, `.probe-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
    const entries = (await readdir(dir)).filter((name) => name.endsWith('.json'));
    const sizes = await Promise.all(entries.map(async (name) => (await stat(join(dir, name))).size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return { ...check, state: 'ok', value: `${dir}: ${entries.length} results, ${(bytes / 2 ** 20).toFixed(1)} MiB` };
  } catch (error) {
    const { message } = error as Error;
    return { ...check, state: 'missing', value: message, hint: 'Set --cache-dir to a folder that can be written.' };
  }
}

/** The first sentence is what is wrong, the rest what to do. */
function splitMessage(error: unknown): { value: string; hint?: string } {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
  const end = text.search(/\. (?=[A-Z])/);
  return end < 0 ? { value: shortened(text) } : { value: shortened(text.slice(0, end)), hint: text.slice(end + 2) };
}

/** Without source locations of the library's build machine; drivers tell long stories. */
function shortened(text: string): string {
  const plain = text
    .replace(/\S*\/onnxruntime\/\S+:\d+ /g, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return plain.length > 160 ? `${plain.slice(0, 159)}…` : plain;
}
