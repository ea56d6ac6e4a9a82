import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

describe('workers end with the scanner', () => {
  for (const state of ['idle', 'busy']) {
    it(
      `when it is killed while they are ${state}`,
      { skip: process.platform === 'win32' && 'needs signals' },
      async () => {
        const parent = startParent(`waits-${state}`);
        const pids = await workersOf(parent);
        assert.ok(pids.every(runs));
        parent.kill('SIGKILL');
        await gone(pids);
      },
    );
  }

  for (const ending of ['closes', 'forgets-to-close']) {
    it(`when it ${ending.replaceAll('-', ' ')}, and they neither keep it alive nor print anything`, async () => {
      const parent = startParent(ending);
      const output = collect(parent);
      const exit = once(parent, 'exit');
      const pids = await workersOf(parent);
      assert.deepEqual(await exit, [0, null]);
      await gone(pids);
      assert.deepEqual(output(), { stdout: `${JSON.stringify(pids)}\n`, stderr: '' });
    });
  }
});

function startParent(deed: string): ChildProcess {
  const script = fileURLToPath(new URL('./parent.js', import.meta.url));
  return spawn(process.execPath, [script, deed], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function workersOf(parent: ChildProcess): Promise<number[]> {
  const [line] = (await once(parent.stdout!, 'data')) as [Buffer];
  const pids = JSON.parse(line.toString()) as number[];
  assert.equal(new Set(pids).size, 2);
  return pids;
}

function collect(parent: ChildProcess): () => { stdout: string; stderr: string } {
  const text = { stdout: '', stderr: '' };
  parent.stdout!.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  parent.stderr!.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  return () => text;
}

/** Waits; the test runner's own limit is the end of patience. */
async function gone(pids: readonly number[]): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (pids.some(runs)) {
    assert.ok(Date.now() < deadline, `still there: ${pids.filter(runs).join()}`);
    await sleep(50);
  }
}

/** A process whose parent is gone may stay behind as a zombie, which is as good as gone. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = `/proc/${pid}/stat`;
  return !existsSync(status) || !readFileSync(status, 'utf8').includes(') Z ');
}
