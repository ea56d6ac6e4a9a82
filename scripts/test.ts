/**
 * Runs every test of the compiled tree and prints the totals on a line of its own. While the tests run that need nothing,
 * the servers come up that the others need; then those run, and the ones that kill processes run last, one at a time.
 *
 * Usage: npm test [-- PART_OF_A_PATH ...]
 */
import { createWriteStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { globSync } from 'tinyglobby';
import { needsOf, provide } from './test-servers.js';

const root = join(import.meta.dirname, '..', '..');
const wanted = process.argv.slice(2);
const files = globSync('dist/test/**/*.test.js', { cwd: root, absolute: true })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test file has a path with ${wanted.join(' or ')}`);
  process.exit(4);
}

const faults = files.filter((file) => file.includes('/dist/test/faults/'));
const onServers = files.filter((file) => file.endsWith('.server.test.js') && !faults.includes(file));
const alone = files.filter((file) => !faults.includes(file) && !onServers.includes(file));

const totals = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
const output = process.env.TEST_LOG ? createWriteStream(process.env.TEST_LOG) : process.stdout;

// Servers end with this process, however it ends; the test files are ended here.
const interrupted = new AbortController();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    interrupted.abort();
    setTimeout(() => process.exit(code), 200);
  });
}

const needs = needsOf([...onServers, ...faults]);
const servers = provide(needs, root);
// Reported below, when the tests that need none are done.
servers.catch(() => undefined);
try {
  await runFiles(alone, availableParallelism());
  if (onServers.length + faults.length > 0) await runOnServers();
} finally {
  await servers.then(
    (running) => running.stop(),
    () => undefined,
  );
}
for (const failure of failures) console.log(`failed: ${failure.replace(`${root}/`, '')}`);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;

async function runOnServers(): Promise<void> {
  try {
    await servers;
  } catch (error) {
    console.error(`the tests that need servers did not run: ${error instanceof Error ? error.message : String(error)}`);
    totals.failed += onServers.length + faults.length;
    failures.push(...onServers, ...faults);
    return;
  }
  await runFiles(onServers, 2);
  await runFiles(faults, 1);
}

async function runFiles(chosen: string[], concurrency: number): Promise<void> {
  if (chosen.length === 0) return;
  // A file that never ends, because something it opened is still open, must not hold up all others.
  const timeout = 15 * 60_000;
  const events = run({ files: chosen, concurrency, timeout, signal: interrupted.signal });
  events.on('test:pass', (event) => {
    if (event.details.type === 'suite') return;
    if (event.skip === undefined) totals.passed++;
    else totals.skipped++;
  });
  events.on('test:fail', (event) => {
    if (event.details.type === 'suite') return;
    totals.failed++;
    failures.push(`${event.file ?? ''}: ${event.name}`);
  });
  const report = events.compose<Readable>(new spec());
  const done = new Promise<void>((resolve, reject) => {
    report.on('end', resolve);
    report.on('error', reject);
  });
  report.pipe(output, { end: false });
  await done;
}
