import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sharedDir } from '../../support/paths.js';

/** The built command line beside the built tests. */
export const mainFile = fileURLToPath(new URL('../../../services/cli/main.js', import.meta.url));

export const zoo = join(sharedDir, 'zoo');
export const model = (name: string): string => join(zoo, 'models', `${name}.onnx`);
export const digits = join(zoo, 'images', 'digits');

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Cli {
  /** Working directory and home of all runs; removed after the test. */
  readonly dir: string;
  run(args: readonly string[], environment?: Record<string, string>): Promise<CliResult>;
  start(
    args: readonly string[],
    environment?: Record<string, string>,
  ): { child: ChildProcess; ended: Promise<CliResult> };
}

/** Runs the real program, untouched by the settings and caches of whoever runs the tests. */
export async function createCli(t: TestContext): Promise<Cli> {
  const dir = await mkdtemp(join(tmpdir(), 'neuroninspect-cli-'));
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 3 }));
  const start: Cli['start'] = (args, environment = {}) => {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(NEURONINSPECT_|NODE_TEST|XDG_|NO_COLOR|FORCE_COLOR|TERM$)/.test(name),
    );
    const env = { ...Object.fromEntries(inherited), HOME: dir, ...environment };
    const child = spawn(process.execPath, [mainFile, ...args], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
    const ended = new Promise<CliResult>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        resolve({ code, signal, ...text });
      });
    });
    return { child, ended };
  };
  return { dir, start, run: (args, environment) => start(args, environment).ended };
}

/** The part of a JSON report that the tests read. */
export interface JsonReport {
  readonly failOn: string;
  readonly command: string;
  readonly warnings: readonly string[];
  readonly results: readonly {
    readonly model: { readonly path: string; readonly digest?: string };
    readonly verdict: string;
    readonly reason?: { readonly code: string; readonly message: string };
    readonly engine?: { readonly name: string; readonly provider: string };
    readonly targetClasses: readonly number[];
    readonly findings: readonly { readonly rule: string; readonly ignored?: { readonly statement: string } }[];
    readonly profile: { readonly name: string };
    readonly images: { readonly count: number };
    readonly cached: boolean;
  }[];
}

export function parseReport(text: string): JsonReport {
  return JSON.parse(text) as JsonReport;
}
