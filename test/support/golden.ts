import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repoRoot } from './paths.js';

/**
 * Compares a text with `test/goldens/<name>`. A missing golden is a failure; `UPDATE_GOLDENS=1` writes it, and a reviewer
 * reads the difference.
 */
export function expectGolden(name: string, text: string): void {
  const file = join(repoRoot, 'test', 'goldens', name);
  if (process.env.UPDATE_GOLDENS === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  assert.ok(existsSync(file), `no golden test/goldens/${name}: run with UPDATE_GOLDENS=1 and read what it wrote`);
  assert.equal(text, readFileSync(file, 'utf8'), `differs from test/goldens/${name}`);
}
