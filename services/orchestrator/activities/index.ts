import { Context } from '@temporalio/activity';
import type { FleetActivities } from '../../../workflows/rescan-fleet/contract.js';
import type { RejudgeActivities } from '../../../workflows/rejudge-fleet/contract.js';
import type { ScanActivities } from '../../../workflows/scan-model/contract.js';
import { acquire } from './acquire.js';
import { activity } from './activity.js';
import { conclude, progress } from './conclude.js';
import { dispatch } from './dispatch.js';
import { nextOrders } from './next-orders.js';
import { counted, type ActivityParts } from './parts.js';
import { publish } from './publish.js';
import { rejudge } from './rejudge.js';

export type { ActivityParts } from './parts.js';

/** Everything that workflows ask for. */
export function createActivities(uncounted: ActivityParts): ScanActivities & FleetActivities & RejudgeActivities {
  const parts = counted(uncounted);
  return {
    acquire: activity(parts, 'acquire', (order) => acquire(parts, order)),
    dispatch: activity(parts, 'dispatch', (request) => dispatch(parts, request)),
    progress: activity(parts, 'progress', (scanId) => progress(parts, scanId)),
    conclude: activity(parts, 'conclude', (request) => conclude(parts, request), { insistent: true }),
    publish: activity(parts, 'publish', (scanId) => publish(parts, scanId, Context.current().info.attempt), {
      insistent: true,
    }),
    nextOrders: activity(parts, 'nextOrders', (request) => nextOrders(parts, request)),
    rejudge: activity(parts, 'rejudge', (request) => rejudge(parts, request)),
  };
}
