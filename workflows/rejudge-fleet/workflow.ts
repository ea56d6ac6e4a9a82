import { continueAsNew, proxyActivities, setHandler } from '@temporalio/workflow';
import type { ScanOrder } from '../../core/pipeline/order.js';
import { defaultMaxHistory, hasLongHistory, isUnderWay, pageRetries, startScanAlone } from '../fleet.js';
import { rejudgeQuery, type RejudgeActivities, type RejudgeFleetArguments, type RejudgeSummary } from './contract.js';

const { rejudge } = proxyActivities<RejudgeActivities>(pageRetries);

/** Judges all scans of one profile again by another one, page by page. */
export async function rejudgeFleet(request: RejudgeFleetArguments): Promise<RejudgeSummary> {
  const { from, profile, maxHistory = defaultMaxHistory, resumed } = request;
  let summary = resumed?.summary ?? { judged: 0, started: 0, skipped: 0, changed: 0, changes: [] };
  setHandler(rejudgeQuery, () => summary);

  for (let after = resumed?.after ?? ''; ;) {
    const page = await rejudge({ from, profile, after, limit: pageSize });
    const started = await Promise.all(page.unconfirmed.map(startScan));
    summary = {
      judged: summary.judged + page.judged,
      started: summary.started + started.filter(Boolean).length,
      skipped: summary.skipped + page.skipped,
      changed: summary.changed + page.changes.length,
      changes: [...summary.changes, ...page.changes].slice(0, changesKept),
    };
    if (page.next === undefined) return summary;
    after = page.next;
    if (hasLongHistory(maxHistory))
      await continueAsNew<typeof rejudgeFleet>({ ...request, resumed: { after, summary } });
  }
}

/** False where the scan is under way already. */
async function startScan(order: ScanOrder): Promise<boolean> {
  try {
    await startScanAlone(order);
    return true;
  } catch (error) {
    if (isUnderWay(error)) return false;
    throw error;
  }
}

/** Scans judged per activity: some seconds of work. */
const pageSize = 100;

const changesKept = 100;
