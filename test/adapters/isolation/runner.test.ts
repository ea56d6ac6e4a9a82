import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  createIsolatedRunner,
  type IsolatedRunner,
  type IsolatedRunnerOptions,
} from '../../../adapters/isolation/index.js';
import { ScanError, type ScanErrorCode } from '../../../core/scan/errors.js';
import { jobFor, opensOf, pidOf, scriptedHost, shardOf } from './support.js';

describe('isolated runner', () => {
  it('passes arrays, maps and missing values to a worker and back', () =>
    withRunner({}, async (runner) => {
      const model = await runner.open(jobFor('m'));
      assert.deepEqual(model.inspection, { classes: 3, accuracy: undefined });
      assert.equal(model.engine.name, 'none');
      const result = await model.runShard(shardOf('nothing'));
      assert.deepEqual(result.shard, shardOf('nothing'));
      assert.ok(result.values.get('guided.gain') instanceof Float32Array);
      assert.notEqual(pidOf(result), process.pid);
    }));

  it('takes a job that carries more than a job, such as an abort signal', () =>
    withRunner({}, async (runner) => {
      const request = { ...jobFor('m'), signal: new AbortController().signal, report: () => undefined };
      await (await runner.open(request)).close();
    }));

  it('keeps code, message and retryable of an error', () =>
    withRunner({}, async (runner) => {
      const failure = fails('model-malformed', /^tensor w has no data$/);
      await assert.rejects(runner.open(jobFor('m:refuse')), (error: ScanError) => failure(error) && error.retryable);
      const model = await runner.open(jobFor('m'));
      await assert.rejects(model.confirm(2), fails('engine-failed', /no class 2 in m/));
      await assert.rejects(model.runShard(shardOf('unknown-error')), fails('internal', /a bug/));
    }));

  it('survives a crash while a model is opened, and names the model, the cause and the last words', () =>
    withRunner({}, async (runner) => {
      await assert.rejects(
        runner.open(jobFor('bad.onnx:exit')),
        fails('engine-crashed', /^bad\.onnx:exit: .*exit code 7 while inspecting it.*"about \[31m to leave"/),
      );
      await runner.open(jobFor('good.onnx'));
    }));

  it('reads a model without keeping it, and survives a crash over it', () =>
    withRunner({ workers: 1 }, async (runner) => {
      const model = await runner.open(jobFor('m'));
      const { path, profile, selection, limits } = jobFor('other.onnx');
      const job = { path, profile, selection, limits, workers: 1 };
      assert.equal(((await runner.survey(job)) as unknown as { path: string }).path, 'other.onnx');
      assert.equal(opensOf(await model.runShard(shardOf('nothing'))), 1, 'the open model stayed where it was');
      await assert.rejects(
        runner.survey({ ...job, path: 'bad.onnx:segv' }),
        fails('engine-crashed', /^bad\.onnx:segv: .*SIGSEGV.* while reading it/),
      );
      await runner.survey(job);
    }));

  for (const [deed, told] of [
    ['segv', /SIGSEGV/],
    ['abort', /SIGABRT/],
    ['exit', /exit code 7/],
    ['throw-later', /exit code 1.*thrown outside of any request/],
    ['bytes', /cannot be read/],
    ['endless', /cannot be read/],
    ['nonsense', /no answer/],
    ['stranger', /no answer/],
  ] as const) {
    it(`tries a shard that ends its process once more, then reports it: ${deed}`, () =>
      withRunner({}, (runner) =>
        withFile(async (file) => {
          const model = await runner.open(jobFor('m.onnx'));
          const shard = model.runShard(shardOf(`${deed}:${file}`));
          await assert.rejects(shard, fails('engine-crashed', told));
          await assert.rejects(shard, /^ScanError: m\.onnx: .* while running shard /);
          assert.equal(new Set(lines(file)).size, 2, 'two attempts, each in a process of its own');
          await model.runShard(shardOf('nothing'));
        }),
      ));
  }

  it('gives the result of the second attempt where only the first one crashed', () =>
    withRunner({}, (runner) =>
      withFile(async (file) => {
        const model = await runner.open(jobFor('m'));
        const result = await model.runShard(shardOf(`crash-once:${file}`));
        assert.equal(lines(file).length, 2);
        assert.equal(pidOf(result), Number(lines(file)[1]));
      }),
    ));

  it('ends a request that takes too long, and does not try it again', () =>
    withRunner({ timeoutMs: 2500 }, (runner) =>
      withFile(async (file) => {
        const model = await runner.open(jobFor('slow.onnx'));
        await assert.rejects(
          model.runShard(shardOf(`hang:${file}`)),
          fails('engine-timeout', /^slow\.onnx: no answer within 2\.5 s/),
        );
        assert.equal(lines(file).length, 1);
        await model.runShard(shardOf('nothing'));
        await assert.rejects(runner.open(jobFor('m:hang')), fails('engine-timeout', /m:hang/));
      }),
    ));

  it('limits the JavaScript heap of a worker', () =>
    withRunner({ maxHeapMb: 48 }, async (runner) => {
      await assert.rejects(runner.open(jobFor('bomb:heap')), fails('engine-crashed', /bomb:heap.*heap out of memory/));
    }));

  it('limits the resident memory of a worker, even while native code or a loop keeps it busy', () =>
    withRunner({ maxMemoryMb: 400 }, async (runner) => {
      await assert.rejects(
        runner.open(jobFor('bomb:resident')),
        fails('engine-out-of-memory', /bomb:resident: more than 400 MiB/),
      );
    }));

  it('keeps a crash away from another model that is being scanned', () =>
    withRunner({ workers: 2 }, async (runner) => {
      const [good, bad] = await Promise.all([runner.open(jobFor('good')), runner.open(jobFor('bad'))]);
      const crashes = ['segv', 'exit', 'segv'].map((deed) => bad.runShard(shardOf(deed)));
      const before = await good.runShard(shardOf('slow'));
      const work = Array.from({ length: 10 }, () => good.runShard(shardOf('slow')));
      const outcomes = await Promise.allSettled(crashes);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'rejected', 'rejected'],
      );
      for (const result of await Promise.all(work)) {
        assert.equal(pidOf(result), pidOf(before));
        assert.equal(opensOf(result), 1);
      }
    }));

  it('runs shards of one model on all workers, never on more', () =>
    withRunner({ workers: 3 }, async (runner) => {
      const model = await runner.open(jobFor('m'));
      assert.equal(model.workers, 3);
      const results = await Promise.all(Array.from({ length: 12 }, () => model.runShard(shardOf('slow'))));
      assert.equal(new Set(results.map(pidOf)).size, 3);
      assert.ok(results.every((result) => opensOf(result) === 1));
    }));

  it('keeps the model of a scan loaded while other models come and go', () =>
    withRunner({ workers: 2 }, async (runner) => {
      const first = await runner.open(jobFor('first'));
      const home = pidOf(await first.runShard(shardOf('nothing')));
      for (const name of ['second', 'third', 'fourth']) {
        const other = await runner.open(jobFor(name));
        const results = await Promise.all(Array.from({ length: 4 }, () => other.runShard(shardOf('slow'))));
        assert.ok(results.every((result) => pidOf(result) !== home));
        await other.close();
      }
      const again = await first.runShard(shardOf('nothing'));
      assert.deepEqual([pidOf(again), opensOf(again)], [home, 1]);
    }));

  it('serves more open models than there are workers', () =>
    withRunner({ workers: 1 }, async (runner) => {
      const models = [];
      for (const name of ['a', 'b', 'c']) models.push(await runner.open(jobFor(name)));
      const results = await Promise.all(models.flatMap((model) => [1, 2].map(() => model.runShard(shardOf('slow')))));
      assert.equal(results.length, 6);
    }));

  it('keeps several models open in one process where it may', () =>
    withRunner({ workers: 1, modelsPerWorker: 2 }, async (runner) => {
      const [a, b] = [await runner.open(jobFor('a')), await runner.open(jobFor('b'))];
      for (const model of [a, b, a, b]) assert.equal(opensOf(await model.runShard(shardOf('nothing'))), 2);
      await b.close();
      const c = await runner.open(jobFor('c'));
      for (const model of [a, c, a]) assert.equal(opensOf(await model.runShard(shardOf('nothing'))), 3);
      const d = await runner.open(jobFor('d'));
      const results = [await d.runShard(shardOf('nothing')), await a.runShard(shardOf('nothing'))];
      assert.equal(new Set(results.map(pidOf)).size, 1);
    }));

  it('opens all models of a process again after one of them has crashed it', () =>
    withRunner({ workers: 1, modelsPerWorker: 2, crashRetries: 0 }, async (runner) => {
      const [a, b] = [await runner.open(jobFor('a')), await runner.open(jobFor('b'))];
      await assert.rejects(b.runShard(shardOf('segv')), fails('engine-crashed'));
      assert.equal(opensOf(await a.runShard(shardOf('nothing'))), 1);
      assert.equal(opensOf(await b.runShard(shardOf('nothing'))), 2);
    }));

  it('tries a crash again as often as it is told', () =>
    withRunner({ crashRetries: 0 }, (runner) =>
      withFile(async (file) => {
        const model = await runner.open(jobFor('m'));
        await assert.rejects(model.runShard(shardOf(`segv:${file}`)), fails('engine-crashed'));
        assert.equal(lines(file).length, 1);
      }),
    ));

  it('says that an engine works, in which processes, and what it read', () =>
    withRunner({ workers: 1 }, async (runner) => {
      assert.deepEqual(runner.pids(), []);
      assert.equal((await runner.check()).name, 'none');
      const model = await runner.open(jobFor('m'));
      assert.deepEqual(runner.pids(), [pidOf(await model.runShard(shardOf('nothing')))]);
      assert.equal(model.digest, 'digest of m');
    }));

  it('reuses a process for the next model', () =>
    withRunner({ workers: 1 }, async (runner) => {
      const pids = [];
      for (const name of ['a', 'b']) {
        const model = await runner.open(jobFor(name));
        pids.push(pidOf(await model.runShard(shardOf('nothing'))));
        await model.close();
      }
      assert.equal(pids[0], pids[1]);
    }));

  it('notices that the file is another one when a second worker reads it', () =>
    withRunner({ workers: 2 }, async (runner) => {
      const model = await runner.open(jobFor('m:changes'));
      const shards = await Promise.allSettled([1, 2].map(() => model.runShard(shardOf('slow'))));
      const failed = shards.filter((shard) => shard.status === 'rejected');
      assert.equal(failed.length, 1);
      assert.ok(fails('model-unreadable', /changed during the scan/)(failed[0]!.reason));
    }));

  it('ends what runs for a model that is closed, and leaves the others alone', () =>
    withRunner({ workers: 2 }, async (runner) => {
      const [gone, kept] = await Promise.all([runner.open(jobFor('gone')), runner.open(jobFor('kept'))]);
      const running = assert.rejects(gone.runShard(shardOf('hang')), fails('cancelled', /^gone: /));
      const queued = assert.rejects(gone.runShard(shardOf('nothing')), fails('cancelled', /^gone: /));
      const other = kept.runShard(shardOf('slow'));
      await gone.close();
      await Promise.all([running, queued, other]);
      await assert.rejects(gone.runShard(shardOf('nothing')), fails('cancelled'));
      await gone.close();
      await kept.runShard(shardOf('nothing'));
    }));

  it('ends everything when it is closed, twice if need be', () =>
    withRunner({ workers: 1 }, async (runner) => {
      const model = await runner.open(jobFor('m'));
      const running = assert.rejects(model.runShard(shardOf('hang')), fails('cancelled'));
      const queued = assert.rejects(model.runShard(shardOf('nothing')), fails('cancelled'));
      await runner.close();
      await Promise.all([running, queued]);
      await assert.rejects(runner.open(jobFor('m')), fails('cancelled'));
      await runner.close();
    }));

  it('leaves interrupts to the scanner: Ctrl-C reaches the workers too', () =>
    withRunner({}, async (runner) => {
      const model = await runner.open(jobFor('m'));
      const pid = pidOf(await model.runShard(shardOf('nothing')));
      const work = model.runShard(shardOf('slow'));
      process.kill(pid, 'SIGINT');
      process.kill(pid, 'SIGTERM');
      assert.equal(pidOf(await work), pid);
    }));

  it('hands no credentials to its workers', () =>
    withRunner({}, async (runner) => {
      process.env.NEURONINSPECT_TEST_SECRET = process.env.AWS_SECRET_ACCESS_KEY = 'secret';
      const model = await runner.open(jobFor('m'));
      const { logits } = await model.explain({ rule: 'guided', classes: [0] });
      delete process.env.NEURONINSPECT_TEST_SECRET;
      delete process.env.AWS_SECRET_ACCESS_KEY;
      const names = logits.dims as unknown as string[];
      assert.ok(names.includes('PATH'));
      assert.deepEqual(
        names.filter((name) => name.includes('SECRET')),
        [],
      );
    }));

  it('says so when a worker cannot be started', () =>
    withRunner({ hostModule: '/nowhere/host.js' }, async (runner) => {
      await assert.rejects(runner.open(jobFor('m')), fails('engine-crashed', /^m: .*Cannot find module/));
    }));
});

async function withRunner(
  options: Partial<IsolatedRunnerOptions>,
  body: (runner: IsolatedRunner) => Promise<void>,
): Promise<void> {
  const runner = createIsolatedRunner({
    workers: 1,
    provider: 'cpu',
    timeoutMs: 60_000,
    hostModule: scriptedHost,
    ...options,
  });
  try {
    await body(runner);
  } finally {
    await runner.close();
  }
}

async function withFile(body: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'isolation-'));
  try {
    await body(join(folder, 'calls'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lines(file: string): string[] {
  return readFileSync(file, 'utf8').trim().split('\n');
}

function fails(code: ScanErrorCode, message = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ScanError, `${String(error)} is no ScanError`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}
