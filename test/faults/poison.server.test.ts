import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { signalEngines, signalIfThere } from '../support/engines.js';
import { assertSameVerdicts, survives, total } from '../support/faults.js';
import { fullDisk } from '../support/full-disk.js';
import { hungryModel } from '../support/hungry-model.js';
import {
  exampleFleet,
  scanEmbedded,
  startTestPipeline,
  until,
  type JsonResult,
  type TestPipeline,
} from '../support/pipeline.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Much more than an example needs, and less than a run of the hungry model: about 865 MiB. */
const engineMemory = '512MiB';
const hungryChannels = 48_000;

test('a poison model becomes a dead letter; the worker lives and judges the next model', async (t) => {
  const folder = temporaryFolder('poison');
  const [poison, good] = exampleFleet(folder.path, 2) as [string, string];
  const hungry = join(folder.path, 'hungry.onnx');
  writeFileSync(hungry, hungryModel(hungryChannels));
  const pipeline = await startTestPipeline({
    environment: (kind) => (kind === 'worker' ? { NEURONINSPECT_MAX_ENGINE_MEMORY: engineMemory } : {}),
  });
  const worker = pipeline.service('worker-0');
  const { pid } = worker;
  try {
    await t.test('its run outgrows the memory of the engine', async () => {
      await givesUp(pipeline, await pipeline.submit([hungry], ['--image-count', '4']).results, 'engine-out-of-memory');
    });
    await t.test('it crashes every engine process', async () => {
      const submission = pipeline.submit([poison]);
      const killing = setInterval(() => signalEngines(pid!, 'SIGKILL'), 20);
      try {
        await givesUp(pipeline, await submission.results, 'engine-crashed');
      } finally {
        clearInterval(killing);
      }
    });
    assert.equal(worker.pid, pid, 'the worker itself must not end');
    assertSameVerdicts(await pipeline.submit([good]).results, await scanEmbedded([good]));
    // A crash may have been the machine's fault: a second push tries again.
    assertSameVerdicts(await pipeline.submit([poison]).results, await scanEmbedded([poison]));
  } finally {
    await pipeline.stop();
    folder.remove();
  }
});

test('the engine hangs: its process is ended and the task done by a fresh one', async () => {
  await survives({
    models: 3,
    environment: (kind) => (kind === 'worker' ? { NEURONINSPECT_TASK_TIMEOUT: '8' } : {}),
    disturb: async (pipeline) => {
      await until('the worker computes', async () => (await total(pipeline, 'worker', 'tasks_total')) > 0);
      const frozen = signalEngines(pipeline.service('worker-0').pid!, 'SIGSTOP');
      assert.ok(frozen.length > 0);
      await until(
        'a process that hangs is ended',
        async () => (await total(pipeline, 'worker', 'engine_restarts_total', { code: 'engine-timeout' })) > 0,
      );
      for (const pid of frozen) signalIfThere(pid, 'SIGCONT');
    },
    check: async (pipeline) => {
      assert.ok((await total(pipeline, 'worker', 'task_retries_total', { code: 'engine-timeout' })) > 0);
      assert.equal(await total(pipeline, 'worker', 'dead_letters_total'), 0);
    },
  });
});

test('the disk of one worker is full: its tasks are done elsewhere', async () => {
  const disk = temporaryFolder('full');
  const cache = join(disk.path, 'cache');
  mkdirSync(cache);
  const { environment, wrapper } = fullDisk(cache);
  try {
    await survives({
      models: 9,
      prepare: async (pipeline) => {
        await pipeline.add('worker', { ...environment, NEURONINSPECT_CACHE_DIR: cache }, wrapper);
      },
      disturb: async (pipeline) => {
        await until(
          'the worker with the full disk gets tasks and gives them away',
          async () => (await total(pipeline, 'worker-1', 'tasks_total', { outcome: 'handed-back' })) > 0,
        );
      },
      check: async (pipeline) => {
        assert.ok((await total(pipeline, 'worker-1', 'storage_errors_total', { store: 'disk' })) > 0);
        assert.equal(await total(pipeline, 'worker-1', 'tasks_total', { outcome: 'ok' }), 0);
        assert.equal(await total(pipeline, 'worker', 'dead_letters_total'), 0);
      },
    });
  } finally {
    disk.remove();
  }
});

/** The scan has ended for this reason, after several tries and with one dead letter. */
async function givesUp(pipeline: TestPipeline, results: ReadonlyMap<string, JsonResult>, code: string): Promise<void> {
  const [result] = results.values();
  assert.equal(result!.verdict, 'inconclusive');
  assert.equal(result!.reason!.code, code);
  assert.equal(await total(pipeline, 'worker', 'dead_letters_total', { code }), 1);
  assert.equal(await total(pipeline, 'worker', 'task_retries_total', { code }), 2);
  assert.equal(await total(pipeline, 'worker', 'engine_restarts_total', { code }), 3);
  assert.ok((await total(pipeline, 'worker', 'tasks_total', { outcome: 'failed' })) > 0);
  assert.ok((await total(pipeline, 'reducer', 'scans_total', { verdict: 'inconclusive', code })) > 0);
}
