import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { assertSameVerdicts, survives, total } from '../support/faults.js';
import { exampleFleet, scanEmbedded, startTestPipeline } from '../support/pipeline.js';

test('a model that kills every engine process becomes a dead letter; the worker lives and judges the next model', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'neuroninspect-poison-'));
  const [poison, good] = exampleFleet(folder, 2) as [string, string];
  const pipeline = await startTestPipeline();
  try {
    const worker = pipeline.service('worker-0');
    const { pid } = worker;
    const submission = pipeline.submit([poison]);
    let finished = false;
    const results = submission.results.finally(() => (finished = true));
    results.catch(() => undefined);
    while (!finished) {
      for (const child of childrenOf(pid!)) process.kill(child, 'SIGKILL');
      await pause(20);
    }
    const [result] = (await results).values();
    assert.equal(result!.verdict, 'inconclusive');
    assert.equal(result!.reason!.code, 'engine-crashed');
    assert.equal(worker.pid, pid, 'the worker itself must not end');
    assert.equal(await total(pipeline, 'worker', 'dead_letters_total', { code: 'engine-crashed' }), 1);
    assert.ok((await total(pipeline, 'worker', 'task_retries_total', { code: 'engine-crashed' })) >= 1);

    assertSameVerdicts(await pipeline.submit([good]).results, await scanEmbedded([good]));
    // A crash may have been the machine's fault: a second push tries again.
    assertSameVerdicts(await pipeline.submit([poison]).results, await scanEmbedded([poison]));
  } finally {
    await pipeline.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the disk of one worker is full: its tasks are done elsewhere', async () => {
  const disk = mkdtempSync(join(tmpdir(), 'neuroninspect-full-'));
  // Smaller than one model.
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  try {
    await survives({
      disturb: async (pipeline) => {
        const [sound] = pipeline.services.filter(({ kind }) => kind === 'worker');
        await pipeline.add('worker', { NEURONINSPECT_CACHE_DIR: join(disk, 'cache') });
        assert.notEqual(sound!.pid, undefined);
      },
      models: 9,
    });
  } finally {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true, force: true });
  }
});

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}
