import { condition, continueAsNew, proxyActivities, setHandler } from '@temporalio/workflow';
import type { ScanOrder } from '../../core/pipeline/order.js';
import { defaultMaxHistory, hasLongHistory, isUnderWay, pageRetries, startScanAlone } from '../fleet.js';
import {
  fleetQuery,
  pauseSignal,
  resumeSignal,
  type FleetActivities,
  type FleetCounts,
  type RescanFleetArguments,
} from './contract.js';

const { nextOrders } = proxyActivities<FleetActivities>(pageRetries);

/**
 * Scans all known models again, at most `window` at a time. The scans live on their own: they end whether this workflow is
 * cancelled or not.
 */
export async function rescanFleet(request: RescanFleetArguments): Promise<FleetCounts> {
  const { window = 50, maxHistory = defaultMaxHistory, resumed } = request;
  const counts = createCounter(resumed?.counts);
  let paused = resumed?.paused ?? false;
  setHandler(pauseSignal, () => {
    paused = true;
  });
  setHandler(resumeSignal, () => {
    paused = false;
  });
  setHandler(fleetQuery, () => ({ ...counts.now(), paused }));

  for (let after = resumed?.after ?? ''; ;) {
    const { profileHash, settings, images } = request;
    const { orders, next } = await nextOrders({ after, limit: pageSize, profileHash, settings, images });
    for (const order of orders) {
      await condition(() => !paused && counts.running() < window);
      void counts.follow(order);
    }
    if (next === undefined) break;
    after = next;
    if (hasLongHistory(maxHistory)) {
      // A workflow that continues as new does not hear of the children it had.
      await condition(() => counts.running() === 0);
      await continueAsNew<typeof rescanFleet>({ ...request, resumed: { after, counts: counts.now(), paused } });
    }
  }
  await condition(() => counts.running() === 0);
  return counts.now();
}

/** Scans looked at per activity; an order takes a few kilobytes of the history. */
const pageSize = 50;

/** Follows scans to their ends and counts how they ended. */
function createCounter(counts: FleetCounts = { started: 0, finished: 0, failed: 0, verdicts: {} }) {
  let running = 0;
  const add = (what: 'started' | 'finished' | 'failed') => {
    counts = { ...counts, [what]: counts[what] + 1 };
  };
  return {
    now: () => counts,
    running: () => running,
    async follow(order: ScanOrder): Promise<void> {
      running++;
      try {
        const scan = await startScanAlone(order);
        add('started');
        const { verdict } = await scan.result();
        add('finished');
        counts = { ...counts, verdicts: { ...counts.verdicts, [verdict]: (counts.verdicts[verdict] ?? 0) + 1 } };
      } catch (error) {
        if (!isUnderWay(error)) add('failed');
      } finally {
        running--;
      }
    },
  };
}
