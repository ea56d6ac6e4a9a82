import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repoRoot } from './paths.js';

/**
 * Compares a text with `test/goldens/<name>`. A missing golden is a failure; `UPDATE_GOLDENS=1` writes it, and a reviewer
 * reads the difference.
 */
export function expectGolden(name: string, text: string): void {
  const golden = goldenOf(name, text);
  if (golden) assert.equal(text, golden.toString('utf8'), `differs from test/goldens/${name}`);
}

/** As {@link expectGolden}, for bytes. */
export function expectGoldenBytes(name: string, bytes: Uint8Array): void {
  const golden = goldenOf(name, bytes);
  const hex = Buffer.from(bytes).toString('hex');
  if (golden) assert.equal(hex, golden.toString('hex'), `differs from test/goldens/${name}`);
}

function goldenOf(name: string, update: string | Uint8Array): Buffer | undefined {
  const file = join(repoRoot, 'test', 'goldens', name);
  if (process.env.UPDATE_GOLDENS === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, update);
    return undefined;
  }
  assert.ok(existsSync(file), `no golden test/goldens/${name}: run with UPDATE_GOLDENS=1 and read what it wrote`);
  return readFileSync(file);
}
