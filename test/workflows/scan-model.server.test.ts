import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  advancedSignal,
  cancelSignal,
  laneSignal,
  progressQuery,
  scanModelWorkflow,
  type ScanModelArguments,
  type ScanOutcome,
} from '../../workflows/scan-model/contract.js';
import { startTimeSkipping, withWorker } from './support/environment.js';
import {
  createFakePipeline,
  finalFailure,
  retryableFailure,
  type FakeOptions,
  type FakePipeline,
} from './support/fake-pipeline.js';
import { keepHistory } from './support/histories.js';
import { someOrder } from './support/orders.js';

interface Started {
  readonly firstExecutionRunId?: string;
}
type Handle = WorkflowHandle<(request: ScanModelArguments) => Promise<ScanOutcome>>;

describe('workflow scanModel', () => {
  let environment: TestWorkflowEnvironment;
  before(async () => {
    environment = await startTimeSkipping();
  });
  after(() => environment.teardown());

  test('computes the stages one after the other and publishes', async () => {
    const { calls, outcome } = await run({}, { history: 'backdoored' });
    assert.equal(outcome.verdict, 'backdoored');
    assert.deepEqual(calls, [
      'acquire',
      'dispatch inspect gate 0',
      'dispatch saliency gate 0',
      'dispatch confirm gate 0',
      'publish',
    ]);
  });

  test('answers with the stored verdict and computes nothing', async () => {
    const { calls, outcome } = await run({ judged: true }, { history: 'stored-verdict' });
    assert.equal(outcome.verdict, 'clean');
    assert.deepEqual(calls, ['acquire', 'publish']);
  });

  test('sends the tasks again when nobody answers', async () => {
    const { calls, outcome } = await run(
      { workers: ({ state }, times) => (state === 'inspected' && times < 2 ? 'nothing' : 'answer') },
      { history: 'silence' },
    );
    assert.equal(outcome.verdict, 'backdoored');
    assert.deepEqual(
      calls.filter((call) => call.includes('saliency')),
      ['dispatch saliency gate 0', 'dispatch saliency gate 1', 'dispatch saliency gate 2'],
    );
    assert.ok(calls.includes('dispatch confirm gate 0'), 'progress resets the rounds');
  });

  test('finds out by itself that the scan got further when the signal was lost', async () => {
    const { calls, outcome } = await run({ workers: () => 'lose-signal' }, { history: 'lost-signals' });
    assert.equal(outcome.verdict, 'backdoored');
    assert.deepEqual(calls, [
      'acquire',
      'dispatch inspect gate 0',
      'progress',
      'dispatch saliency gate 0',
      'progress',
      'dispatch confirm gate 0',
      'progress',
      'publish',
    ]);
  });

  test('does not send again what is on its way: one result of many is news', async () => {
    const { calls } = await run({
      workers: ({ state }, times) => (state !== 'inspected' ? 'answer' : times === 0 ? 'one' : 'answer'),
    });
    // The first look finds the one result; the second one finds no more, so the rest is sent again.
    assert.deepEqual(calls.slice(2, 7), [
      'dispatch saliency gate 0',
      'progress',
      'progress',
      'dispatch saliency gate 1',
      'dispatch confirm gate 0',
    ]);
  });

  test('ends inconclusive after so many rounds without any progress', async () => {
    const { calls, outcome } = await run(
      { workers: ({ state }) => (state === 'registered' ? 'answer' : 'nothing') },
      { patience: { silence: 60, rounds: 3, total: 7200 }, history: 'no-workers' },
    );
    assert.equal(outcome.verdict, 'inconclusive');
    assert.equal(outcome.reason?.code, 'deadline-exceeded');
    assert.match(outcome.reason.message, /sent 4 times, 60 s apart; 0 of 4 tasks of the stage 'saliency'/);
    assert.deepEqual(calls.slice(-3), ['progress', 'conclude deadline-exceeded', 'publish']);
  });

  test('ends inconclusive when the whole scan takes too long, though it gets on', async () => {
    const { outcome, seconds } = await run(
      { workers: () => 'one' },
      { patience: { silence: 100, rounds: 50, total: 1000 }, history: 'too-long' },
    );
    assert.equal(outcome.reason?.code, 'deadline-exceeded');
    assert.match(outcome.reason.message, /no verdict after 1000 s/);
    assert.ok(seconds >= 1000 && seconds < 1100, `${seconds} s`);
  });

  test('waits for a database that comes back', async () => {
    const { calls, outcome } = await run(
      {
        fails: (name, times) =>
          name === 'acquire' && times < 6 ? retryableFailure('storage-failed', 'away') : undefined,
      },
      { history: 'database-away' },
    );
    assert.equal(outcome.verdict, 'backdoored');
    assert.equal(calls.filter((call) => call === 'acquire').length, 7);
  });

  test('says what failed when it does not come back in the time of the scan', async () => {
    const { outcome } = await run({
      fails: (name) => (name === 'dispatch' ? retryableFailure('storage-failed', 'the broker is away') : undefined),
    });
    assert.equal(outcome.verdict, 'inconclusive');
    assert.deepEqual(outcome.reason, { code: 'storage-failed', message: 'the broker is away' });
  });

  test('ends with the code of what fails for good, without a second try', async () => {
    const { calls, outcome } = await run(
      { fails: (name) => (name === 'dispatch' ? finalFailure('images-mismatch', 'wrong size') : undefined) },
      { history: 'final-failure' },
    );
    assert.deepEqual(outcome.reason, { code: 'images-mismatch', message: 'wrong size' });
    assert.deepEqual(calls, ['acquire', 'dispatch inspect gate 0', 'conclude images-mismatch', 'publish']);
  });

  test('gives an error without a known code the code internal', async () => {
    const { outcome } = await run({
      fails: (name) => (name === 'dispatch' ? finalFailure('TypeError', 'x is undefined') : undefined),
    });
    assert.deepEqual(outcome.reason, { code: 'internal', message: 'x is undefined' });
  });

  test('concludes and publishes however often that fails, and whatever the failure is', async () => {
    const { calls, outcome } = await run(
      {
        workers: () => 'nothing',
        fails: (name, times) =>
          (name === 'conclude' || name === 'publish') && times < 8
            ? retryableFailure('storage-failed', 'away')
            : undefined,
      },
      { patience: { silence: 10, rounds: 1, total: 60 } },
    );
    assert.equal(outcome.reason?.code, 'deadline-exceeded');
    assert.equal(calls.filter((call) => call === 'publish').length, 9);
  });

  test('a signal that comes twice, late or with nonsense sends nothing twice', async () => {
    const { calls, outcome } = await run(
      {},
      {
        workers: 'held',
        meanwhile: async (handle, pipeline) => {
          const { workflowId: scanId } = handle;
          await pipeline.called('dispatch inspect');
          await pipeline.advance(scanId);
          await pipeline.called('dispatch saliency');
          for (const state of ['inspected', 'registered', 'inspected', 'nonsense']) {
            await handle.signal<[never]>('advanced', state as never);
          }
          await handle.signal<[never]>('lane', 'nonsense' as never);
          await pipeline.advance(scanId);
          await pipeline.called('dispatch confirm');
          await pipeline.advance(scanId);
          await handle.signal(advancedSignal, 'judged').catch(() => undefined);
        },
      },
    );
    assert.equal(outcome.verdict, 'backdoored');
    assert.deepEqual(calls, [
      'acquire',
      'dispatch inspect gate 0',
      'dispatch saliency gate 0',
      'dispatch confirm gate 0',
      'publish',
    ]);
  });

  test('news of an earlier run, come before the first step, is not believed', async () => {
    const { calls, outcome } = await run({}, { startWith: { signal: advancedSignal, args: ['judged'] } });
    assert.equal(outcome.verdict, 'backdoored');
    assert.ok(calls.includes('dispatch inspect gate 0'));
  });

  test('news of an earlier run, come in the middle, ends nothing', async () => {
    const { calls, outcome } = await run(
      {},
      {
        workers: 'held',
        history: 'stale-news',
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('dispatch inspect');
          await handle.signal(advancedSignal, 'judged');
          await pipeline.called('publish');
          await pipeline.called('progress');
          await pipeline.advance(handle.workflowId);
          await pipeline.called('dispatch saliency');
          await pipeline.advance(handle.workflowId);
          await pipeline.called('dispatch confirm');
          await pipeline.advance(handle.workflowId);
        },
      },
    );
    assert.equal(outcome.verdict, 'backdoored');
    assert.equal(calls.filter((call) => call.startsWith('dispatch inspect')).length, 1);
  });

  test('cancelled before it began', async () => {
    const { calls, outcome } = await run({}, { startWith: { signal: cancelSignal, args: ['ann: wrong file'] } });
    assert.deepEqual(outcome.reason, { code: 'cancelled', message: 'ann: wrong file' });
    assert.deepEqual(calls.slice(-2), ['conclude cancelled', 'publish']);
  });

  test('cancelled by a signal while it waits', async () => {
    const { outcome } = await run(
      {},
      {
        workers: 'held',
        history: 'cancelled-by-signal',
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('dispatch inspect');
          await handle.signal(cancelSignal, 'ann: wrong file');
        },
      },
    );
    assert.deepEqual(outcome.reason, { code: 'cancelled', message: 'ann: wrong file' });
  });

  test('cancelled through Temporal: the workflow ends with a published verdict all the same', async () => {
    const { calls, outcome } = await run(
      {},
      {
        workers: 'held',
        history: 'cancelled-by-temporal',
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('dispatch inspect');
          await handle.cancel();
        },
      },
    );
    assert.deepEqual(outcome.reason, { code: 'cancelled', message: 'the scan was cancelled' });
    assert.deepEqual(calls.slice(-2), ['conclude cancelled', 'publish']);
  });

  test('cancelled while a step waits for its database', async () => {
    const { outcome } = await run(
      { fails: (name) => (name === 'acquire' ? retryableFailure('storage-failed', 'away') : undefined) },
      {
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('acquire');
          await handle.signal(cancelSignal, 'bob: enough');
        },
      },
    );
    assert.deepEqual(outcome.reason, { code: 'cancelled', message: 'bob: enough' });
  });

  test('cancelled while it publishes keeps the verdict it has', async () => {
    const { outcome } = await run(
      {
        fails: (name, times) =>
          name === 'publish' && times < 3 ? retryableFailure('storage-failed', 'away') : undefined,
      },
      {
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('publish');
          await handle.signal(cancelSignal, 'too late');
          await handle.cancel();
        },
      },
    );
    assert.equal(outcome.verdict, 'backdoored');
  });

  test('another lane gets what is missing', async () => {
    const { calls, outcome } = await run(
      { workers: ({ state, lane }) => (state === 'inspected' && lane === 'fleet' ? 'one' : 'answer') },
      {
        lane: 'fleet',
        history: 'lane-change',
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('dispatch saliency fleet');
          await handle.signal(laneSignal, 'gate');
        },
      },
    );
    assert.equal(outcome.verdict, 'backdoored');
    assert.deepEqual(calls, [
      'acquire',
      'dispatch inspect fleet 0',
      'dispatch saliency fleet 0',
      'dispatch saliency gate 0',
      'dispatch confirm gate 0',
      'publish',
    ]);
  });

  test('tells where it is', async () => {
    await run(
      {},
      {
        workers: 'held',
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('dispatch inspect');
          await pipeline.advance(handle.workflowId);
          await pipeline.called('dispatch saliency');
          // The query waits for the workflow task that is under way.
          const { lane, rounds, stage, state } = await handle.query(progressQuery);
          assert.deepEqual(
            { lane, rounds, stage, state },
            { lane: 'gate', rounds: 0, stage: 'saliency', state: 'inspected' },
          );
          await handle.signal(cancelSignal, 'seen');
        },
      },
    );
  });

  test('goes on in a new run where the old one stopped', async () => {
    const order = someOrder();
    const { calls, outcome, seconds } = await run(
      { workers: () => 'nothing' },
      {
        order,
        patience: { silence: 60, rounds: 3, total: 100_000 },
        resumed: { rounds: 2, waited: 99_000, lane: 'fleet', sent: 'registered' },
        history: 'resumed',
      },
    );
    assert.equal(outcome.reason?.code, 'deadline-exceeded');
    // Nothing is sent before there was silence, and one round is all that is left.
    assert.deepEqual(calls, [
      'progress',
      'progress',
      'dispatch inspect fleet 3',
      'progress',
      'conclude deadline-exceeded',
      'publish',
    ]);
    assert.ok(seconds >= 120 && seconds < 200, `${seconds} s`);
  });

  test('continues as new while nobody answers, and forgets neither rounds nor lane', async () => {
    const { calls, outcome, runs } = await run(
      { workers: () => 'nothing' },
      {
        patience: { silence: 60, rounds: 20, total: 100_000 },
        maxHistory: 40,
        lane: 'fleet',
        firstHistory: 'continues-as-new',
        meanwhile: async (handle, pipeline) => {
          await pipeline.called('dispatch inspect fleet 0');
          await handle.signal(laneSignal, 'gate');
        },
      },
    );
    assert.ok(runs > 2, `${runs} runs`);
    assert.equal(outcome.reason?.code, 'deadline-exceeded');
    assert.match(outcome.reason.message, /sent 21 times, 60 s apart; 0 of 4 tasks .* lane 'gate'/);
    assert.equal(calls.filter((call) => call === 'acquire').length, 1);
    const sent = calls.filter((call) => call.startsWith('dispatch'));
    assert.deepEqual(sent, [
      'dispatch inspect fleet 0',
      ...Array.from({ length: 21 }, (_, round) => `dispatch inspect gate ${round}`),
    ]);
  });

  test('all runs together have the time of one scan', async () => {
    const { calls, outcome, runs } = await run(
      { workers: () => 'one' },
      { patience: { silence: 100, rounds: 50, total: 5000 }, maxHistory: 40 },
    );
    assert.ok(runs > 1, `${runs} runs`);
    assert.match(outcome.reason?.message ?? '', /no verdict after 5000 s/);
    const waits = calls.filter((call) => call === 'progress').length;
    assert.ok(waits >= 50 && waits <= 50 + runs, `${waits} waits of 100 s`);
  });

  interface RunOptions extends Partial<ScanModelArguments> {
    readonly lane?: 'gate' | 'fleet';
    readonly history?: string;
    /** The history of the first run where there were several. */
    readonly firstHistory?: string;
    /** `held`: no worker answers before the test says so. */
    readonly workers?: 'held';
    readonly startWith?: { readonly signal: { readonly name: string }; readonly args: [string] };
    readonly meanwhile?: (handle: Handle, pipeline: FakePipeline) => Promise<void>;
  }

  /** One scan from start to end, in skipped time. */
  async function run(fake: Omit<FakeOptions, 'signal'>, options: RunOptions = {}) {
    const { lane, history, workers, startWith, meanwhile, order = someOrder(lane) } = options;
    const { patience, maxHistory, resumed, firstHistory } = options;
    const pipeline = createFakePipeline({
      ...fake,
      ...(workers === 'held' ? { workers: () => 'nothing' as const } : {}),
      signal: (scanId, state) => environment.client.workflow.getHandle(scanId).signal(advancedSignal, state),
    });
    return withWorker(environment, pipeline.activities, async (taskQueue) => {
      const start = {
        taskQueue,
        workflowId: order.scanId,
        args: [{ order, patience, maxHistory, resumed }] as [ScanModelArguments],
      };
      const handle: Handle = startWith
        ? await environment.client.workflow.signalWithStart(scanModelWorkflow, {
            ...start,
            signal: startWith.signal.name,
            signalArgs: startWith.args,
          })
        : await environment.client.workflow.start(scanModelWorkflow, start);
      await meanwhile?.(handle, pipeline);
      const outcome = await handle.result();
      const { startTime, closeTime } = await handle.describe();
      const seconds = (closeTime!.getTime() - startTime.getTime()) / 1000;
      if (history !== undefined) await keepHistory(history, handle);
      const runs = await runsOf(environment, order.scanId, (handle as Started).firstExecutionRunId);
      if (firstHistory !== undefined) {
        await keepHistory(firstHistory, environment.client.workflow.getHandle(order.scanId, runs[0]));
      }
      return { outcome, calls: pipeline.calls, seconds, runs: runs.length };
    });
  }
});

/** Ids of the runs that continued each other, from the first one on. */
async function runsOf({ client }: TestWorkflowEnvironment, workflowId: string, first: string | undefined) {
  const runs: string[] = [];
  for (let next = first; next;) {
    runs.push(next);
    const { events } = await client.workflow.getHandle(workflowId, next).fetchHistory();
    next = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return runs;
}
