import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../support/paths.js';

/** Of what the build compiled. */
const compiled = join(import.meta.dirname, '..', '..', '..');

test('an orchestrator without the bundle of its workflows ends at once and says what to do', (t) => {
  const copy = mkdtempSync(join(tmpdir(), 'neuroninspect-no-bundle-'));
  t.after(() => {
    rmSync(copy, { recursive: true, force: true });
  });
  for (const folder of ['adapters', 'core', 'proto', 'services', 'workflows']) {
    cpSync(join(compiled, folder), join(copy, folder), {
      recursive: true,
      filter: (path) => !/[/\\]workflows[/\\]bundle/.test(path),
    });
  }
  cpSync(join(repoRoot, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(repoRoot, 'node_modules'), join(copy, 'node_modules'));

  // Nothing answers at these addresses.
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'services', 'orchestrator', 'main.js')], {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      ...process.env,
      NEURONINSPECT_KAFKA_BROKERS: '127.0.0.1:1',
      NEURONINSPECT_TEMPORAL_ADDRESS: '127.0.0.1:1',
      NEURONINSPECT_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      NEURONINSPECT_OBJECT_STORE: `file://${copy}/objects`,
    },
  });
  assert.equal(status, 1, stderr);
  const [line] = stderr
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as { level: string; err: { message: string } });
  assert.equal(line?.level, 'fatal');
  assert.match(line.err.message, /workflows[/\\]bundle\.js, .*cannot be read; build with npm run build/);
});
