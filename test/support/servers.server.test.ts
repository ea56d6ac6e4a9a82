import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startS3 } from './servers.js';

test('a server that was killed starts again on its port, with its folder', async () => {
  const first = await startS3();
  await first.kill();
  await assert.rejects(fetch(first.endpoint));
  const second = await startS3({ dir: first.dir, port: first.port });
  assert.equal(second.endpoint, first.endpoint);
  assert.equal((await fetch(second.endpoint)).status, 403);
  await second.stop();
  await assert.rejects(fetch(second.endpoint));
  await first.stop();
});

test('a test that is killed with -9 leaves no server behind', { skip: process.platform !== 'linux' }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'neuroninspect-orphan-'));
  t.after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const program = `
    const { startS3 } = await import(${JSON.stringify(join(import.meta.dirname, 'servers.js'))});
    console.log((await startS3({ dir: ${JSON.stringify(dir)} })).endpoint);
    setInterval(() => undefined, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [endpoint] = (await once(createInterface(parent.stdout), 'line')) as [string];
  assert.equal((await fetch(endpoint)).status, 403);
  parent.kill('SIGKILL');
  for (;;) {
    try {
      await fetch(endpoint);
    } catch {
      break;
    }
    await pause(50);
  }
});
