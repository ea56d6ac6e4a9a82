import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signalEngines, signalIfThere } from '../support/engines.js';
import { assertFirstsTold, survives, total } from '../support/faults.js';
import { until, type TestPipeline } from '../support/pipeline.js';

test('a worker killed in mid-shard: another one takes over what it had', async () => {
  await survives({
    counts: { worker: 2 },
    models: 8,
    disturb: async (pipeline) => {
      await killInMidShard(pipeline);
    },
    check: async (pipeline) => {
      assert.ok((await total(pipeline, 'worker-1', 'tasks_total', { outcome: 'ok' })) > 0);
      await assertFirstsTold(pipeline);
    },
  });
});

test('the only worker killed: after its restart nothing is missing', async () => {
  await survives({
    disturb: async (pipeline) => {
      await killInMidShard(pipeline);
      const worker = pipeline.service('worker-0');
      worker.start();
      await worker.ready();
    },
    check: async (pipeline) => {
      assert.ok((await total(pipeline, 'worker', 'tasks_total', { outcome: 'ok' })) > 0);
      await assertFirstsTold(pipeline);
    },
  });
});

test('a worker told to end finishes what it does and leaves the rest to others', async () => {
  await survives({
    counts: { worker: 2 },
    disturb: async (pipeline) => {
      await until('worker-0 computes', async () => (await total(pipeline, 'worker-0', 'tasks_total')) > 0);
      assert.equal(await pipeline.service('worker-0').kill('SIGTERM'), 0);
    },
    check: async (pipeline) => {
      assert.ok((await total(pipeline, 'worker-1', 'tasks_total', { outcome: 'ok' })) > 0);
      await assertFirstsTold(pipeline);
      assert.equal(await total(pipeline, 'worker', 'dead_letters_total'), 0);
    },
  });
});

test('workers come and go all the time: rebalances lose nothing', async () => {
  await survives({
    counts: { worker: 2 },
    models: 9,
    disturb: async (pipeline, submission) => {
      const ended = new AbortController();
      const end = () => {
        ended.abort();
      };
      void submission.results.then(end, end);
      for (let round = 0; round < 6 && !ended.signal.aborted; round++) {
        const victim = pipeline.service(`worker-${round % 2}`);
        await victim.kill(round % 3 === 0 ? 'SIGKILL' : 'SIGTERM');
        victim.start();
        await victim.ready();
      }
    },
    check: async (pipeline) => {
      await assertFirstsTold(pipeline);
      assert.equal(await total(pipeline, 'worker', 'dead_letters_total'), 0);
    },
  });
});

test('a reducer killed again and again, with two of them running', async () => {
  await survives({
    counts: { reducer: 2 },
    disturb: async (pipeline) => {
      for (let round = 0; round < 4; round++) {
        const victim = pipeline.service(`reducer-${round % 2}`);
        await until('results arrive', async () => (await pipeline.query('select 1 from results limit 1')).length > 0);
        await victim.kill('SIGKILL');
        victim.start();
        await victim.ready();
      }
    },
    check: async (pipeline) => {
      assert.equal(await total(pipeline, 'orchestrator', 'verdicts_published_total'), 6);
      assert.equal(await total(pipeline, 'reducer', 'dead_letters_total'), 0);
    },
  });
});

test('an orchestrator killed in mid-workflow: workflows go on where they were', async () => {
  await survives({
    disturb: async (pipeline) => {
      const orchestrator = pipeline.service('orchestrator-0');
      await until('scans run', async () => (await pipeline.query('select 1 from results limit 1')).length > 0);
      await orchestrator.kill('SIGKILL');
      orchestrator.start();
      await orchestrator.ready();
    },
    check: async (pipeline) => {
      assert.ok((await total(pipeline, 'orchestrator', 'verdicts_published_total')) > 0);
      await assertFirstsTold(pipeline);
    },
  });
});

/** Its engines stand still first, so that what it has begun is not finished. */
async function killInMidShard(pipeline: TestPipeline): Promise<void> {
  const worker = pipeline.service('worker-0');
  await until('worker-0 computes', async () => (await total(pipeline, 'worker-0', 'tasks_total')) > 0);
  const engines = signalEngines(worker.pid!, 'SIGSTOP');
  await until('worker-0 has a task under way', async () => {
    const taken = await total(pipeline, 'worker-0', 'task_queue_seconds_count');
    // What follows from an inspection is computed with it.
    return taken > (await total(pipeline, 'worker-0', 'tasks_total', { stage: 'inspect' }));
  });
  assert.equal(await worker.kill('SIGKILL'), 'SIGKILL');
  for (const pid of engines) signalIfThere(pid, 'SIGCONT');
}
