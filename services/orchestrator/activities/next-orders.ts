import { sha256 } from '../../../adapters/hash/sha256.js';
import { profileHash, scanId } from '../../../core/scan/scan-id.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { FleetActivities } from '../../../workflows/rescan-fleet/contract.js';
import type { ActivityParts } from './parts.js';

type Request = Parameters<FleetActivities['nextOrders']>[0];
type Answer = Awaited<ReturnType<FleetActivities['nextOrders']>>;

/** Several scans of one model that would become the same scan are ordered once per page. */
export async function nextOrders({ store }: ActivityParts, request: Request): Promise<Answer> {
  const { after, limit, profileHash: hash } = request;
  const known = await store.page({ after: after || undefined, limit, profileHash: hash });
  const orders = new Map(known.map(({ order }) => renewed(order, request)).map((order) => [order.scanId, order]));
  return {
    orders: [...orders.values()],
    next: known.length < limit ? undefined : known.at(-1)!.order.scanId,
  };
}

function renewed(order: ScanOrder, { settings = order.settings, images = order.images }: Request): ScanOrder {
  const parts = {
    modelDigest: order.model.digest,
    imagesDigest: images.digest,
    profileHash: profileHash(sha256, settings),
  };
  return { ...order, settings, images, lane: 'fleet', scanId: scanId(sha256, parts) };
}
