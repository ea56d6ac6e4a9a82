import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openPgliteScanStore } from '../../../adapters/stores/scans/pglite.js';
import { concludeScan, planStage, registerScan, rejudgeScan } from '../../../core/pipeline/index.js';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import type { ScanError } from '../../../core/scan/errors.js';
import type { CascadeMethod, Profile } from '../../../core/scan/profile.js';
import { profile } from '../scan/fake-runner.js';
import {
  drive,
  embedded,
  essence,
  orderOf,
  planned,
  sha256,
  tables,
  workerOf,
  type NoisyModel,
} from './fake-worker.js';

let store: ScanStore;
before(async () => {
  store = await openPgliteScanStore();
});
after(() => store.close());

test('with a higher threshold the verdict changes, without any engine, to what a scan with it would say', async () => {
  const { model, scanId } = await scanned({ seed: 'again', target: 6 });
  const lenient = calibrated({ gainThreshold: 1e6 });
  const rejudged = await rejudgeScan(store, scanId, lenient, sha256, tables);
  assert.ok(rejudged.outcome === 'judged');
  assert.equal(rejudged.digest, orderOf(model).model.digest);
  assert.deepEqual(rejudged.from, { scanId, verdict: 'backdoored' });
  assert.deepEqual(rejudged.to, { scanId: orderOf(model, { profile: lenient }).scanId, verdict: 'suspicious' });
  const { result, pictures } = (await store.verdict(rejudged.to.scanId))!;
  assert.deepEqual(essence(result), essence(await embedded(model, lenient)));
  assert.deepEqual(
    pictures.map(({ classIndex }) => classIndex),
    [6],
  );
  assert.equal((await store.verdict(scanId))?.result.verdict, 'backdoored');
  assert.deepEqual(await rejudgeScan(store, scanId, lenient, sha256, tables), rejudged);
});

test('where the new profile inverts in another way, the scan waits for its confirmation', async () => {
  const { model, scanId } = await scanned({ seed: 'unconfirmed', target: 6 });
  const { inversion } = profile.method as CascadeMethod;
  const thorough = calibrated({ inversion: { ...inversion, steps: 200 } });
  const rejudged = await rejudgeScan(store, scanId, thorough, sha256, tables);
  assert.ok(rejudged.outcome === 'unconfirmed');
  const { order } = rejudged;
  assert.equal(order.scanId, orderOf(model, { profile: thorough }).scanId);
  assert.equal(order.lane, 'fleet');
  // As a scan it starts where the re-judging left it.
  assert.equal((await registerScan(store, order)).state, 'detected');
  const { tasks } = await planStage(store, order.scanId, planned);
  assert.deepEqual(
    tasks.map(({ work }) => work),
    [{ stage: 'confirm', classIndex: 6 }],
  );
  assert.equal(await drive(store, order, await workerOf(model)), 0);
  assert.deepEqual(essence((await store.verdict(order.scanId))!.result), essence(await embedded(model, thorough)));
});

test('a profile that needs other features is refused', async () => {
  const { scanId } = await scanned({ seed: 'other features' });
  const other: Profile = { ...profile, saliency: profile.saliency.slice(1) };
  await assert.rejects(
    rejudgeScan(store, scanId, other, sha256, tables),
    (error: ScanError) => error.code === 'usage' && error.message.includes('saliency'),
  );
});

test('the same profile changes nothing; a scan without features is skipped', async () => {
  const { scanId } = await scanned({ seed: 'clean 0' });
  const same = await rejudgeScan(store, scanId, profile, sha256, tables);
  assert.ok(same.outcome === 'judged');
  assert.deepEqual(same.to, same.from);
  const order = orderOf({ seed: 'never inspected' });
  await registerScan(store, order);
  await concludeScan(store, order.scanId, { code: 'cancelled', message: 'by hand' });
  const skipped = await rejudgeScan(store, order.scanId, calibrated({ gainThreshold: 3 }), sha256, tables);
  assert.deepEqual(skipped, { outcome: 'skipped' });
});

async function scanned(model: NoisyModel) {
  const order = orderOf(model);
  await registerScan(store, order);
  await drive(store, order, await workerOf(model));
  return { model, scanId: order.scanId };
}

function calibrated(change: Partial<CascadeMethod>): Profile {
  return { ...profile, version: 2, method: { ...(profile.method as CascadeMethod), ...change } };
}
