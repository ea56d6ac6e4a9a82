/**
 * Runs every test of the compiled tree and prints the totals on a line of its own.
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

const root = join(import.meta.dirname, '..', '..');
const wanted = process.argv.slice(2);
const files = globSync('dist/test/**/*.test.js', { cwd: root, absolute: true })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test file has a path with ${wanted.join(' or ')}`);
  process.exit(4);
}

const totals = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
const events = run({ files, concurrency: availableParallelism() });
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
const output = process.env.TEST_LOG ? createWriteStream(process.env.TEST_LOG) : process.stdout;
const report = events.compose<Readable>(new spec());
report.on('end', () => {
  for (const failure of failures) console.log(`failed: ${failure.replace(`${root}/`, '')}`);
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
});
report.pipe(output, { end: false });
