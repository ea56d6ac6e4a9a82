import type { Notice, ScanState, ScanStore } from '../../../core/ports/scan-store.js';
import type { Database, Statement } from './sql.js';

export interface OutboxOptions {
  /** Seconds for which a notice belongs to the process that delivers it; after a crash it comes again then. Default 30. */
  readonly lease?: number | undefined;
  /** Seconds until a rejected notice comes again; doubles with every attempt, up to the lease. Default 1. */
  readonly pause?: number | undefined;
}

/**
 * Notices are claimed by moving the time of their next attempt, delivered without a transaction, and then deleted. So a
 * slow receiver holds no lock and no connection. Only the oldest notice of a scan can be claimed, which keeps their order
 * whichever processes deliver.
 */
export function createOutbox(
  database: Database,
  { lease = 30, pause = 1 }: OutboxOptions,
): Pick<ScanStore, 'deliverNotices' | 'waitingNotices'> {
  return {
    async deliverNotices(limit, deliver) {
      let delivered = 0;
      for (let left = limit; left > 0;) {
        const claimed = await claimNotices(Math.min(left, together));
        if (claimed.length === 0) break;
        left -= claimed.length;
        delivered += await deliverClaimed(claimed, deliver);
      }
      return delivered;
    },
    async waitingNotices() {
      const [row] = await database.query(waiting);
      return { count: row!.count as number, oldestSeconds: row!.oldest as number };
    },
  };

  async function claimNotices(most: number): Promise<readonly Claimed[]> {
    const rows = await database.query(claim, [most, lease]);
    return rows
      .map((row) => ({
        id: row.id as number,
        notice: { scanId: row.scan_id as string, state: row.state as ScanState },
      }))
      .sort((a, b) => a.id - b.id);
  }

  async function deliverClaimed(claimed: readonly Claimed[], deliver: (notice: Notice) => Promise<void>) {
    const outcomes = await Promise.allSettled(claimed.map(async ({ notice }) => deliver(notice)));
    const ids = (status: string) => claimed.filter((_, at) => outcomes[at]!.status === status).map(({ id }) => id);
    const done = ids('fulfilled');
    const rejected = ids('rejected');
    if (done.length > 0) await database.query(remove, [done]);
    if (rejected.length > 0) await database.query(postpone, [rejected, pause, lease]);
    return done.length;
  }
}

interface Claimed {
  readonly id: number;
  readonly notice: Notice;
}

/** Notices of different scans that are with the receiver at a time; a crash delivers so many again at most. */
const together = 16;

const claim: Statement = {
  name: 'claim-notices',
  text: `
    with due as (
      select id from neuroninspect.outbox o
      where next_at <= clock_timestamp() and not exists (
        select from neuroninspect.outbox older where older.scan_id = o.scan_id and older.id < o.id
      )
      order by id
      limit $1::integer
      for update skip locked
    )
    update neuroninspect.outbox o
    set next_at = clock_timestamp() + make_interval(secs => $2::float8), attempts = attempts + 1
    from due
    where o.id = due.id
    returning o.id::float8, o.scan_id, o.state`,
};

const remove: Statement = {
  name: 'remove-notices',
  text: `delete from neuroninspect.outbox where id = any($1::bigint[])`,
};

const postpone: Statement = {
  name: 'postpone-notices',
  text: `
    update neuroninspect.outbox
    set next_at = clock_timestamp()
      + make_interval(secs => least($3::float8, $2::float8 * power(2, least(attempts - 1, 20))))
    where id = any($1::bigint[])`,
};

const waiting: Statement = {
  name: 'waiting-notices',
  text: `
    select count(*)::integer as count,
      coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
    from neuroninspect.outbox`,
};
