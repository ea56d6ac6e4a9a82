import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { reportKey } from '../../../adapters/stores/objects/blobs.js';
import { decodeVerdict, type VerdictAnnouncement } from '../../../adapters/wire/verdict.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import {
  rejudgeFleetWorkflow,
  type RejudgeFleetArguments,
  type RejudgeSummary,
} from '../../../workflows/rejudge-fleet/contract.js';
import {
  rescanFleetWorkflow,
  type FleetCounts,
  type RescanFleetArguments,
} from '../../../workflows/rescan-fleet/contract.js';
import { orchestratorTaskQueue } from '../../../workflows/scan-model/contract.js';
import { cancelScan, scanOutcome, scanProgress, startScan } from '../../../workflows/client.js';
import type { CascadeMethod, Profile } from '../../../core/scan/profile.js';
import { profileHash, scanId } from '../../../core/scan/scan-id.js';
import { embedded, orderOf as fakeOrder, sha256, type NoisyModel } from '../../core/pipeline/fake-worker.js';
import { profile } from '../../core/scan/fake-runner.js';
import { startTestPipeline, until, type TestPipeline } from '../../support/pipeline.js';
import { read } from '../../contract/object-store.js';
import { startScriptedWorker, type ScriptedWorker } from './scripted-worker.js';

describe('orchestrator', () => {
  const models = new Map<string, NoisyModel>();
  const announced: VerdictAnnouncement[] = [];
  let pipeline: TestPipeline;
  let worker: ScriptedWorker;
  let connection: Connection;
  let client: Client;

  before(async () => {
    pipeline = await startTestPipeline({ counts: { worker: 0 } });
    worker = await startScriptedWorker(pipeline, models);
    await worker.transport.subscribe({
      group: undefined,
      topics: ['verdicts'],
      maxInFlight: 10,
      handle: ({ value }) => {
        announced.push(decodeVerdict(value));
        return Promise.resolve();
      },
    });
    connection = await Connection.connect({ address: pipeline.servers.temporalAddress });
    client = new Client({ connection, namespace: pipeline.servers.temporalNamespace });
  });
  after(async () => {
    await worker.stop();
    await connection.close();
    await pipeline.stop();
  });

  test('a scan gets the verdict of the embedded scanner, reports and an announcement', async () => {
    const model = { seed: 'one', target: 3 };
    const order = await submitted(model);
    await startScan(client, order);
    const outcome = await scanOutcome(client, order.scanId);
    assert.equal((await scanProgress(client, order.scanId)).state, 'judged');

    const expected = await embedded(model);
    assert.equal(outcome.verdict, expected.verdict);
    assert.equal(outcome.score, expected.score);
    assert.deepEqual(outcome.targetClasses, expected.targetClasses);
    const json = JSON.parse(await text(reportKey(order.scanId, 'json'))) as { results: { verdict: string }[] };
    assert.equal(json.results[0]?.verdict, expected.verdict);
    assert.match(await text(reportKey(order.scanId, 'html')), /data:image\/png/);
    await until('the announcement', () => announced.some(({ scanId }) => scanId === order.scanId));
    assert.equal(announced.find(({ scanId }) => scanId === order.scanId)?.verdict, expected.verdict);
  });

  test('a second push joins the scan that is under way, and a third one gets its verdict', async () => {
    const order = await submitted({ seed: 'two' }, 'fleet');
    worker.hold();
    await startScan(client, order);
    await until('the first task', () => tasksOf(order).length === 1);
    const { runId } = await client.workflow.getHandle(order.scanId).describe();
    await startScan(client, { ...order, lane: 'gate' });
    assert.equal((await client.workflow.getHandle(order.scanId).describe()).runId, runId);
    await until('the gate', async () => (await scanProgress(client, order.scanId)).lane === 'gate');
    worker.release();
    const first = await scanOutcome(client, order.scanId);
    const computed = tasksOf(order).length;

    await startScan(client, order);
    assert.deepEqual(await scanOutcome(client, order.scanId), first);
    assert.equal(tasksOf(order).length, computed, 'nothing is computed twice');
  });

  test('a model that was not uploaded is inconclusive, and scanned once it is there', async () => {
    const model = { seed: 'three' };
    const order = orderOf(model);
    models.set(order.scanId, model);
    await startScan(client, order);
    const { verdict, reason } = await scanOutcome(client, order.scanId);
    assert.deepEqual([verdict, reason?.code], ['inconclusive', 'model-not-found']);

    await worker.upload(order);
    await startScan(client, order);
    assert.equal((await scanOutcome(client, order.scanId)).verdict, (await embedded(model)).verdict);
  });

  test('a cancelled scan ends inconclusive and is announced', async () => {
    const order = await submitted({ seed: 'four' });
    worker.hold();
    await startScan(client, order);
    await until('the first task', () => tasksOf(order).length === 1);
    await cancelScan(client, order.scanId, 'ann: the wrong file');
    const { reason } = await scanOutcome(client, order.scanId);
    worker.release();
    assert.deepEqual(reason, { code: 'cancelled', message: 'ann: the wrong file' });
    await until('the announcement', () => announced.some((each) => each.reason?.message === 'ann: the wrong file'));
  });

  test('killed in the middle of a scan, it goes on after its restart', async () => {
    const model = { seed: 'five', target: 1 };
    const order = await submitted(model);
    worker.hold();
    await startScan(client, order);
    await until('the first task', () => tasksOf(order).length === 1);
    const orchestrator = pipeline.service('orchestrator-0');
    await orchestrator.kill('SIGKILL');
    worker.release();
    orchestrator.start();
    assert.equal((await scanOutcome(client, order.scanId)).verdict, (await embedded(model)).verdict);
  });

  test('ends with exit code 0 on SIGTERM while a scan is under way, which another one finishes', async () => {
    const order = await submitted({ seed: 'six' });
    worker.hold();
    await startScan(client, order);
    await until('the first task', () => tasksOf(order).length === 1);
    const orchestrator = pipeline.service('orchestrator-0');
    assert.equal(await orchestrator.kill('SIGTERM'), 0);
    worker.release();
    orchestrator.start();
    assert.notEqual((await scanOutcome(client, order.scanId)).verdict, 'inconclusive');
  });

  test('scans the fleet again and judges it again', async () => {
    const models = [{ seed: 'seven' }, { seed: 'eight', target: 2 }];
    const orders = await Promise.all(models.map((model) => submitted(model)));
    for (const order of orders) await startScan(client, order);
    for (const order of orders) await scanOutcome(client, order.scanId);

    const counts = await client.workflow.execute<(request: object) => Promise<FleetCounts>>(rescanFleetWorkflow, {
      taskQueue: orchestratorTaskQueue,
      workflowId: 'rescan',
      args: [{ window: 2 }],
    });
    assert.equal(counts.failed, 0);
    assert.ok(counts.finished >= orders.length);
    assert.equal(counts.finished, counts.started);

    const { profile } = orders[0]!.settings;
    const [{ hash } = { hash: '' }] = announced
      .filter(({ scanId }) => scanId === orders[0]!.scanId)
      .map(({ profile: announcedProfile }) => announcedProfile);
    const summary = await client.workflow.execute<(request: object) => Promise<RejudgeSummary>>(rejudgeFleetWorkflow, {
      taskQueue: orchestratorTaskQueue,
      workflowId: 'rejudge',
      args: [{ from: hash, profile }],
    });
    assert.ok(summary.judged >= orders.length);
    assert.equal(summary.changed, 0, 'the same calibration changes nothing');
  });

  test('judges the fleet again by other thresholds: verdicts change without any engine', async () => {
    const backdoored: NoisyModel = { seed: 'nine', target: 6 };
    const order = await submitted(backdoored);
    await startScan(client, order);
    assert.equal((await scanOutcome(client, order.scanId)).verdict, 'backdoored');
    const computed = worker.tasks.length;

    const lenient = calibrated({ gainThreshold: 1e6 });
    const summary = await rejudge('lenient', lenient);
    const change = summary.changes.find(({ from }) => from.scanId === order.scanId);
    const expected = await embedded(backdoored, lenient);
    const again = orderOf(backdoored, 'fleet', lenient);
    assert.equal(expected.verdict, 'suspicious');
    assert.deepEqual(change?.from, { scanId: order.scanId, verdict: 'backdoored' });
    assert.deepEqual(change.to, { scanId: again.scanId, verdict: 'suspicious' });
    assert.equal(summary.started, 0);
    assert.equal(worker.tasks.length, computed, 'nothing is computed');
  });

  test('judges the fleet again by another inversion: scans are started that only confirm', async () => {
    const backdoored: NoisyModel = { seed: 'ten', target: 4 };
    const order = await submitted(backdoored);
    await startScan(client, order);
    await scanOutcome(client, order.scanId);

    const thorough = calibrated({ inversion: { ...(profile.method as CascadeMethod).inversion, steps: 200 } });
    const again = orderOf(backdoored, 'fleet', thorough);
    for (const model of [...models.values()]) models.set(orderOf(model, 'fleet', thorough).scanId, model);
    const computed = worker.tasks.length;
    const summary = await rejudge('thorough', thorough);
    assert.ok(summary.started >= 1);
    const outcome = await scanOutcome(client, again.scanId);
    const expected = await embedded(backdoored, thorough);
    assert.deepEqual(
      [outcome.verdict, outcome.score, outcome.targetClasses],
      [expected.verdict, expected.score, expected.targetClasses],
    );
    assert.deepEqual(tasksOf(again), [`${again.scanId}/confirm-4`]);
    const work = worker.tasks.slice(computed);
    assert.deepEqual(
      work.filter((id) => !/\/confirm-\d+$/.test(id)),
      [],
      'no feature is computed again',
    );
  });

  test('scans the fleet again with another profile, under ids of its own', async () => {
    const model: NoisyModel = { seed: 'eleven', target: 5 };
    const order = await submitted(model);
    await startScan(client, order);
    await scanOutcome(client, order.scanId);

    const lenient = calibrated({ gainThreshold: 1e5 });
    const known = [...models.values()];
    for (const each of known) models.set(orderOf(each, 'fleet', lenient).scanId, each);
    const counts = await client.workflow.execute<(request: RescanFleetArguments) => Promise<FleetCounts>>(
      rescanFleetWorkflow,
      {
        taskQueue: orchestratorTaskQueue,
        workflowId: 'rescan-lenient',
        args: [{ profileHash: hashOf(profile), settings: { ...order.settings, profile: lenient } }],
      },
    );
    assert.equal(counts.failed, 0);
    assert.equal(counts.finished, counts.started);
    const again = await scanOutcome(client, orderOf(model, 'fleet', lenient).scanId);
    assert.equal(again.verdict, (await embedded(model, lenient)).verdict);
    assert.equal(again.verdict, 'suspicious');
    assert.equal((await scanOutcome(client, order.scanId)).verdict, 'backdoored', 'the old verdict stays');
  });

  function rejudge(workflowId: string, to: Profile): Promise<RejudgeSummary> {
    return client.workflow.execute<(request: RejudgeFleetArguments) => Promise<RejudgeSummary>>(rejudgeFleetWorkflow, {
      taskQueue: orchestratorTaskQueue,
      workflowId,
      args: [{ from: hashOf(profile), profile: to }],
    });
  }

  function calibrated(change: Partial<CascadeMethod>): Profile {
    return { ...profile, version: 2, method: { ...(profile.method as CascadeMethod), ...change } };
  }

  function hashOf(by: Profile): string {
    return profileHash(sha256, { ...orderOf({ seed: '' }).settings, profile: by });
  }

  /** The fake images' digest would cross no wire. */
  function orderOf(model: NoisyModel, lane: ScanOrder['lane'] = 'gate', by: Profile = profile): ScanOrder {
    const order = fakeOrder(model, { lane, profile: by });
    const images = { ...order.images, digest: `sha256:${sha256('images')}` };
    const hash = profileHash(sha256, order.settings);
    const parts = { modelDigest: order.model.digest, imagesDigest: images.digest, profileHash: hash };
    return { ...order, images, scanId: scanId(sha256, parts) };
  }

  async function submitted(model: NoisyModel, lane: ScanOrder['lane'] = 'gate'): Promise<ScanOrder> {
    const order = orderOf(model, lane);
    models.set(order.scanId, model);
    await worker.upload(order);
    return order;
  }

  function tasksOf({ scanId }: ScanOrder): string[] {
    return worker.tasks.filter((id) => id.startsWith(scanId));
  }

  async function text(key: string): Promise<string> {
    return new TextDecoder().decode(await read(worker.objects, key));
  }
});
