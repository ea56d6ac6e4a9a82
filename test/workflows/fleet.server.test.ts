import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ScanOrder } from '../../core/pipeline/order.js';
import { cascade1 } from '../../core/scan/profiles.js';
import {
  rejudgeFleetWorkflow,
  type RejudgeActivities,
  type RejudgeFleetArguments,
  type RejudgeSummary,
} from '../../workflows/rejudge-fleet/contract.js';
import {
  fleetQuery,
  pauseSignal,
  rescanFleetWorkflow,
  resumeSignal,
  type FleetActivities,
  type FleetCounts,
  type RescanFleetArguments,
} from '../../workflows/rescan-fleet/contract.js';
import { advancedSignal, cancelSignal, scanModelWorkflow } from '../../workflows/scan-model/contract.js';
import { until } from '../support/pipeline.js';
import { startTimeSkipping, withWorker } from './support/environment.js';
import { createFakePipeline, type FakeOptions } from './support/fake-pipeline.js';
import { keepHistory } from './support/histories.js';
import { someOrder } from './support/orders.js';

type Rescan = (request: RescanFleetArguments) => Promise<FleetCounts>;
type Rejudge = (request: RejudgeFleetArguments) => Promise<RejudgeSummary>;

describe('workflows of the whole fleet', () => {
  let environment: TestWorkflowEnvironment;
  before(async () => {
    environment = await startTimeSkipping();
  });
  after(() => environment.teardown());

  test('rescanFleet scans every model once and counts the verdicts', async () => {
    const orders = fleet(12);
    const { activities, calls, asked } = fakes(orders, 5);
    await withWorker(environment, activities, async (taskQueue) => {
      const handle = await environment.client.workflow.start<Rescan>(rescanFleetWorkflow, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{ window: 3 }],
      });
      assert.deepEqual(await handle.result(), counts(12));
      await keepHistory('rescan-fleet', handle);
    });
    assert.equal(calls.filter((call) => call === 'acquire').length, 12);
    assert.deepEqual(asked, ['', orders[4]!.scanId, orders[9]!.scanId]);
  });

  test('rescanFleet never has more scans under way than its window', async () => {
    const { activities, calls, finish } = fakes(fleet(8), 3, { workers: () => 'nothing' });
    await withWorker(environment, activities, async (taskQueue) => {
      const handle = await environment.client.workflow.start<Rescan>(rescanFleetWorkflow, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{ window: 3 }],
      });
      let most = 0;
      for (let finished = 0; finished < 8; finished++) {
        const wanted = Math.min(3 + finished, 8);
        await until(`${wanted} scans`, () => started(calls) >= wanted);
        most = Math.max(most, started(calls) - finished);
        await finish(finished);
        await until(`${finished + 1} ends`, async () => (await handle.query(fleetQuery)).finished === finished + 1);
      }
      assert.equal(most, 3);
      assert.deepEqual(await handle.result(), { started: 8, finished: 8, failed: 0, verdicts: { inconclusive: 8 } });
    });
  });

  test('rescanFleet starts nothing while it is paused', async () => {
    const { activities, calls } = fakes(fleet(4), 4);
    await withWorker(environment, activities, async (taskQueue) => {
      const handle = await environment.client.workflow.signalWithStart<Rescan>(rescanFleetWorkflow, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{}],
        signal: pauseSignal,
      });
      await until('the first page', async () =>
        (await handle.fetchHistory()).events!.some(({ activityTaskCompletedEventAttributes: done }) => done),
      );
      assert.deepEqual(await handle.query(fleetQuery), { ...counts(0), verdicts: {}, paused: true });
      assert.equal(started(calls), 0);
      await handle.signal(resumeSignal);
      assert.deepEqual(await handle.result(), counts(4));
    });
  });

  test('rescanFleet continues as new without forgetting a scan or counting one twice', async () => {
    const { activities, calls } = fakes(fleet(20), 4);
    await withWorker(environment, activities, async (taskQueue) => {
      const handle = await environment.client.workflow.start<Rescan>(rescanFleetWorkflow, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{ window: 2, maxHistory: 30 }],
      });
      assert.deepEqual(await handle.result(), counts(20));
      const { runId } = await environment.client.workflow.getHandle(handle.workflowId).describe();
      assert.notEqual(runId, handle.firstExecutionRunId, 'there was more than one run');
    });
    assert.equal(started(calls), 20);
  });

  test('rescanFleet leaves out what somebody else has under way', async () => {
    const orders = fleet(3);
    const { activities } = fakes(orders, 3, {
      workers: ({ scanId }) => (scanId === orders[1]!.scanId ? 'nothing' : 'answer'),
    });
    await withWorker(environment, activities, async (taskQueue) => {
      const other = await environment.client.workflow.start(scanModelWorkflow, {
        taskQueue,
        workflowId: orders[1]!.scanId,
        args: [{ order: orders[1]! }],
      });
      const fleetCounts = await environment.client.workflow.execute<Rescan>(rescanFleetWorkflow, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{}],
      });
      assert.deepEqual(fleetCounts, counts(2));
      await other.result();
    });
  });

  test('rejudgeFleet adds up its pages over several runs and starts what needs an engine', async () => {
    const orders = fleet(6);
    const { activities, calls } = fakes(orders, 2);
    await withWorker(environment, activities, async (taskQueue) => {
      const handle = await environment.client.workflow.start<Rejudge>(rejudgeFleetWorkflow, {
        taskQueue,
        workflowId: randomUUID(),
        args: [{ from: 'f'.repeat(64), profile: cascade1, maxHistory: 10 }],
      });
      const { changes, ...summary } = await handle.result();
      assert.deepEqual(summary, { judged: 3, started: 3, skipped: 3, changed: 3 });
      assert.deepEqual(
        changes.map(({ model }) => model),
        ['model 0', 'model 2', 'model 4'],
      );
      await keepHistory('rejudge-fleet', handle);
    });
    await until('the scans', () => started(calls) === 3);
  });

  /** The first of each page is judged otherwise, the last one needs an engine. */
  function fakes(orders: readonly ScanOrder[], size: number, options: Partial<FakeOptions> = {}) {
    const pipeline = createFakePipeline({
      signal: (scanId, state) => environment.client.workflow.getHandle(scanId).signal(advancedSignal, state),
      ...options,
    });
    const asked: string[] = [];
    const pageAfter = (after: string) => {
      asked.push(after);
      const from = orders.findIndex(({ scanId }) => scanId === after) + 1;
      const page = orders.slice(from, from + size);
      return { from, page, next: from + size < orders.length ? page.at(-1)!.scanId : undefined };
    };
    const fleetActivities: FleetActivities & RejudgeActivities = {
      nextOrders: ({ after }) => {
        const { page, next } = pageAfter(after);
        return Promise.resolve({ orders: page, next });
      },
      rejudge: ({ after }) => {
        const { from, page, next } = pageAfter(after);
        const [first] = page;
        const change = {
          model: `model ${from}`,
          digest: first!.model.digest,
          from: { scanId: first!.scanId, verdict: 'clean' as const },
          to: { scanId: first!.scanId, verdict: 'suspicious' as const },
        };
        return Promise.resolve({ judged: 1, skipped: 1, changes: [change], unconfirmed: page.slice(-1), next });
      },
    };
    return {
      activities: { ...pipeline.activities, ...fleetActivities },
      calls: pipeline.calls,
      asked,
      finish: (index: number) =>
        environment.client.workflow.getHandle(orders[index]!.scanId).signal(cancelSignal, 'enough'),
    };
  }
});

function fleet(size: number): ScanOrder[] {
  return Array.from({ length: size }, () => someOrder('fleet'));
}

function counts(scans: number): FleetCounts {
  return { started: scans, finished: scans, failed: 0, verdicts: { backdoored: scans } };
}

function started(calls: readonly string[]): number {
  return calls.filter((call) => call === 'acquire').length;
}
