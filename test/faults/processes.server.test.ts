import assert from 'node:assert/strict';
import { test } from 'node:test';
import { survives, total } from '../support/faults.js';
import { until } from '../support/pipeline.js';

test('a worker killed in mid-shard: another one takes over what it had', async () => {
  await survives({
    counts: { worker: 2 },
    models: 8,
    disturb: async (pipeline) => {
      const victim = pipeline.service('worker-0');
      await until('worker-0 computes', async () => (await total(pipeline, 'worker-0', 'tasks_total')) > 0);
      assert.equal(await victim.kill('SIGKILL'), 'SIGKILL');
    },
  });
});

test('the only worker killed: after its restart nothing is missing', async () => {
  await survives({
    disturb: async (pipeline) => {
      const worker = pipeline.service('worker-0');
      await until('the worker computes', async () => (await total(pipeline, 'worker', 'tasks_total')) > 0);
      await worker.kill('SIGKILL');
      worker.start();
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
  });
});

test('workers come and go all the time: rebalances lose nothing', async () => {
  await survives({
    counts: { worker: 2 },
    models: 9,
    disturb: async (pipeline, submission) => {
      let finished = false;
      const done = submission.results.finally(() => (finished = true));
      done.catch(() => undefined);
      for (let round = 0; round < 6 && !finished; round++) {
        const victim = pipeline.service(`worker-${round % 2}`);
        await victim.kill(round % 3 === 0 ? 'SIGKILL' : 'SIGTERM');
        victim.start();
        await victim.ready();
      }
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
  });
});
