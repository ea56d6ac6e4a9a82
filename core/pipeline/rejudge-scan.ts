import type { NullTables } from '../detect/p-value.js';
import type { Sha256 } from '../ports/hash.js';
import type { LockedScan, ScanStore } from '../ports/scan-store.js';
import { ScanError } from '../scan/errors.js';
import type { Profile } from '../scan/profile.js';
import { inversionOf } from '../scan/profiles.js';
import type { Verdict } from '../scan/result.js';
import { canonicalJson, profileHash, scanId as idOf } from '../scan/scan-id.js';
import { advance, standingOf, type Standing } from './advance.js';
import { neverRegistered } from './plan-stage.js';
import type { ScanOrder } from './order.js';
import { registerScan } from './register-scan.js';
import { parseTaskId } from './task-id.js';
import { taskId, type TaskResult, type Work } from './task.js';

export type Rejudged =
  /** Judged again; nothing says that the verdict changed. */
  | {
      readonly outcome: 'judged';
      readonly model: string;
      readonly digest: string;
      readonly from: { readonly scanId: string; readonly verdict: Verdict };
      readonly to: { readonly scanId: string; readonly verdict: Verdict };
    }
  /** The new profile has a candidate that no trigger was reconstructed for: to be started as a scan, which only confirms. */
  | { readonly outcome: 'unconfirmed'; readonly order: ScanOrder }
  /** No verdict yet, or no complete features. */
  | { readonly outcome: 'skipped' };

/**
 * Judges a scan with another profile from its stored features, under the scan id of the new profile. No engine is needed
 * unless the candidate changes. May be repeated.
 *
 * @throws ScanError `usage` for a profile that needs other features; `storage-failed`.
 */
export async function rejudgeScan(
  store: ScanStore,
  scanId: string,
  profile: Profile,
  sha256: Sha256,
  nullTables: NullTables,
): Promise<Rejudged> {
  const old = await store.locked(scanId, read);
  if (old === undefined) throw neverRegistered(scanId);
  checkProfile(old.order, profile);
  if (!old.complete || old.verdict === undefined) return { outcome: 'skipped' };
  const settings = { ...old.order.settings, profile };
  const order: ScanOrder = {
    ...old.order,
    settings,
    lane: 'fleet',
    scanId: idOf(sha256, {
      modelDigest: old.order.model.digest,
      imagesDigest: old.order.images.digest,
      profileHash: profileHash(sha256, settings),
    }),
  };
  const from = { scanId, verdict: old.verdict };
  const { name: model, digest } = order.model;
  if (order.scanId === scanId) return { outcome: 'judged', model, digest, from, to: from };

  await registerScan(store, order);
  const verdict = await store.locked(order.scanId, (scan) => judgeAgain(scan, old, nullTables));
  if (verdict === undefined) throw neverRegistered(order.scanId);
  if (verdict === 'open') return { outcome: 'unconfirmed', order };
  return { outcome: 'judged', model, digest, from, to: { scanId: order.scanId, verdict } };
}

interface Known {
  readonly order: ScanOrder;
  readonly verdict: Verdict | undefined;
  /** The inspection and all shards are there. */
  readonly complete: boolean;
  readonly inspection: readonly TaskResult[];
  readonly saliency: readonly TaskResult[];
  readonly confirm: readonly TaskResult[];
}

async function read(scan: LockedScan): Promise<Known> {
  const tasks = await scan.tasks('saliency');
  const usable = async (stage: Work['stage']): Promise<TaskResult[]> =>
    (await scan.results(stage)).filter(({ outcome }) => outcome.kind !== 'failure');
  const saliency = await usable('saliency');
  return {
    order: scan.order,
    verdict: scan.state === 'judged' ? scan.verdict?.result.verdict : undefined,
    complete: scan.inspected !== undefined && tasks.length > 0 && saliency.length === tasks.length,
    inspection: await usable('inspect'),
    saliency,
    confirm: await usable('confirm'),
  };
}

function checkProfile({ scanId, settings }: ScanOrder, profile: Profile): void {
  for (const part of ['saliency', 'persistence', 'images'] as const) {
    if (canonicalJson(settings.profile[part]) === canonicalJson(profile[part])) continue;
    throw new ScanError(
      'usage',
      `scan ${scanId} cannot be judged by profile ${profile.name}: its features were computed with another ${part}; scan the model again`,
    );
  }
}

async function judgeAgain(scan: LockedScan, old: Known, nullTables: NullTables): Promise<Verdict | 'open'> {
  if (scan.state === 'judged') return scan.verdict!.result.verdict;
  let standing = standingOf(scan);
  for (const results of [old.inspection, old.saliency]) {
    await copy(scan, results);
    standing = await advance(scan, standing, nullTables);
  }
  if (standing.state === 'detected') standing = await confirmAgain(scan, standing, old, nullTables);
  return standing.judged?.result.verdict ?? 'open';
}

/** Evidence is about a class of a model; the thresholds it is compared with do not change it. */
async function confirmAgain(
  scan: LockedScan,
  standing: Standing,
  old: Known,
  nullTables: NullTables,
): Promise<Standing> {
  const same = (profile: Profile): string => canonicalJson(inversionOf(profile));
  if (same(scan.order.settings.profile) !== same(old.order.settings.profile)) return standing;
  const { candidates } = standing.detection!;
  await scan.addTasks(
    'confirm',
    candidates.map((classIndex) => taskId(scan.order.scanId, { stage: 'confirm', classIndex })),
  );
  const known = old.confirm.filter(({ outcome }) => {
    return outcome.kind === 'evidence' && candidates.includes(outcome.evidence.classIndex);
  });
  for (const result of known) await scan.addResult(renamed(result, scan.order.scanId));
  return advance(scan, standing, nullTables);
}

async function copy(scan: LockedScan, results: readonly TaskResult[]): Promise<void> {
  const copies = results.map((result) => renamed(result, scan.order.scanId));
  const stage = parseTaskId(copies[0]!.taskId)!.work.stage;
  // Another plan may be under way already; it finishes as it was planned.
  if ((await scan.tasks(stage)).length === 0) {
    await scan.addTasks(
      stage,
      copies.map(({ taskId }) => taskId),
    );
  }
  for (const each of copies) await scan.addResult(each);
}

/** The same result as one of another scan. */
function renamed(result: TaskResult, scanId: string): TaskResult {
  const id = scanId + result.taskId.slice(result.scanId.length);
  const { outcome } = result;
  if (outcome.kind !== 'features') return { ...result, taskId: id, scanId };
  const features = { ...outcome.features, shard: { ...outcome.features.shard, id } };
  return { ...result, taskId: id, scanId, outcome: { kind: 'features', features } };
}
