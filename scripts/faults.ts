/** Runs every test of the fault suite so many times in a row on the same servers, and stops at the first round that fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'tinyglobby';
import { dyingWithUs } from '../test/support/servers/process.js';
import { repoRoot } from '../test/support/paths.js';
import { needsOf, provide } from './test-servers.js';

const rounds = Number(process.argv[2] ?? 10);
const files = globSync('../test/faults/*.test.js', { cwd: import.meta.dirname, absolute: true }).sort();
/** Of one file. */
const timeoutMs = 15 * 60_000;

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  // Servers and tests end with this process.
  process.once(signal, () => process.exit(code));
}

const servers = await provide(needsOf(files), repoRoot);
const started = Date.now();
let passed = 0;
try {
  while (passed < rounds && (await round(passed + 1))) passed++;
} finally {
  await servers.stop();
}
console.log(`${passed} of ${rounds} rounds passed in ${seconds(started)} s`);
process.exitCode = passed === rounds ? 0 : 1;

async function round(number: number): Promise<boolean> {
  const began = Date.now();
  let tests = 0;
  for (const file of files) {
    const { output, ok } = await run(file);
    tests += Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0);
    if (ok) continue;
    console.log(output);
    console.log(`round ${number}: FAILED in ${file} after ${seconds(began)} s`);
    return false;
  }
  console.log(`round ${number}: ${tests} tests passed in ${seconds(began)} s`);
  return tests > 0;
}

async function run(file: string): Promise<{ output: string; ok: boolean }> {
  const [command, ...args] = dyingWithUs([process.execPath, '--test-reporter', 'tap', file]);
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { output, ok: code === 0 };
}

function seconds(since: number): string {
  return ((Date.now() - since) / 1000).toFixed(0);
}
