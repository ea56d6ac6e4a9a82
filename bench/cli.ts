import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchResidentBytes } from './process-tree.js';
import { spreadOf, type Spread } from './statistics.js';

export interface CliResult {
  readonly help: ProcessCost;
  /** 10 classes, 50 images, no result cache. */
  readonly scan: ProcessCost;
  /** CPU seconds of a scan beyond those of `--help`. */
  readonly cpuBeyondStart: Spread;
}

export interface ProcessCost {
  readonly seconds: Spread;
  /** User and system, worker processes included. */
  readonly cpu: Spread;
  readonly peakBytes: Spread;
}

/** The command line as a user runs it: a fresh process each time, the files in the page cache. */
export async function measureCli(folder: string, rounds: number): Promise<CliResult> {
  const main = fileURLToPath(new URL('../services/cli/main.js', import.meta.url));
  if (!existsSync(main)) throw new Error(`${main} does not exist: build the project first`);
  const scan = [
    main,
    'scan',
    join(folder, 'mnist.onnx'),
    '--images',
    join(folder, 'mnist.npy'),
    '--no-cache',
    '--no-progress',
    '--fail-on',
    'never',
  ];
  const measured: { help: Cost; scan: Cost }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const pair = { help: await run([main, '--help']), scan: await run(scan) };
    // The first round warms the page cache.
    if (round > 0) measured.push(pair);
  }
  return {
    help: summary(measured.map(({ help }) => help)),
    scan: summary(measured.map(({ scan }) => scan)),
    cpuBeyondStart: spreadOf(measured.map(({ help, scan }) => scan.cpu - help.cpu)),
  };
}

interface Cost {
  readonly seconds: number;
  readonly cpu: number;
  readonly peakBytes: number;
}

/** Bash's `time` counts the CPU of the process and of the descendants it waited for. */
async function run(args: readonly string[]): Promise<Cost> {
  const child = spawn(
    'bash',
    ['-c', 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>/dev/null', 'bash', process.execPath, ...args],
    { stdio: ['ignore', 'inherit', 'pipe'] },
  );
  const watch = watchResidentBytes(child.pid!);
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const peakBytes = watch.stop();
  const [seconds, user, system] = text.trim().split(/\s+/).map(Number);
  if (code !== 0 || system === undefined) throw new Error(`'${args.join(' ')}' ended with exit code ${code}`);
  return { seconds: seconds!, cpu: user! + system, peakBytes };
}

function summary(costs: readonly Cost[]): ProcessCost {
  return {
    seconds: spreadOf(costs.map(({ seconds }) => seconds)),
    cpu: spreadOf(costs.map(({ cpu }) => cpu)),
    peakBytes: spreadOf(costs.map(({ peakBytes }) => peakBytes)),
  };
}
