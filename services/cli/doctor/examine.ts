import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { loadSharp } from '../../../adapters/images/decode.js';
import { resultFolder } from '../settings/folders.js';
import { engineChecks } from './engines.js';
import { splitMessage } from './message.js';

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
