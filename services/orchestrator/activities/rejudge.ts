import { Context } from '@temporalio/activity';
import { sha256 } from '../../../adapters/hash/sha256.js';
import { nullTables } from '../../../core/detect/p-value.js';
import { rejudgeScan } from '../../../core/pipeline/index.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { RejudgeActivities, VerdictChange } from '../../../workflows/rejudge-fleet/contract.js';
import type { ActivityParts } from './parts.js';

type Request = Parameters<RejudgeActivities['rejudge']>[0];
type Answer = Awaited<ReturnType<RejudgeActivities['rejudge']>>;

/** A scan whose features do not fit the new profile is skipped: it has to be scanned again. */
export async function rejudge({ store }: ActivityParts, request: Request): Promise<Answer> {
  const { from, profile, after, limit } = request;
  const known = await store.page({ after: after || undefined, limit, profileHash: from });
  // Kept for one page: models of one fleet have few class counts.
  const tables = nullTables();
  const changes: VerdictChange[] = [];
  const unconfirmed: ScanOrder[] = [];
  let judged = 0;
  let skipped = 0;
  for (const { order } of known) {
    Context.current().heartbeat();
    const answer = await rejudgeScan(store, order.scanId, profile, sha256, tables).catch(skipUnfit);
    if (answer.outcome === 'skipped') skipped++;
    else if (answer.outcome === 'unconfirmed') unconfirmed.push(answer.order);
    else {
      judged++;
      const { model, digest, from, to } = answer;
      if (from.verdict !== to.verdict) changes.push({ model, digest, from, to });
    }
  }
  return { judged, skipped, changes, unconfirmed, next: known.length < limit ? undefined : known.at(-1)!.order.scanId };
}

function skipUnfit(error: unknown): { readonly outcome: 'skipped' } {
  if (error instanceof ScanError && error.code === 'usage') return { outcome: 'skipped' };
  throw error;
}
