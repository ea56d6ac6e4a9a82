import type { KnownScan, ScanState, ScanStore } from '../../../core/ports/scan-store.js';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import type { Verdict } from '../../../core/scan/result.js';
import { profileHash } from '../../../core/scan/scan-id.js';
import { sha256 } from '../../hash/sha256.js';
import { parseExact, stringifyExact } from '../../wire/json.js';
import { lockScan, parseVerdict } from './locked-scan.js';
import { createOutbox, type OutboxOptions } from './outbox.js';
import type { Database, Row, Statement } from './sql.js';
import { createTurns } from './turns.js';

/** The scan store over any database that speaks PostgreSQL's SQL; closes the database with itself. */
export function createScanStore(database: Database, options: OutboxOptions = {}): ScanStore {
  // Callers of this process that want the same scan wait here and not each in a connection of its own.
  const inTurn = createTurns();
  return {
    async register(order) {
      await database.query(register, [
        order.scanId,
        order.model.digest,
        order.images.digest,
        profileHash(sha256, order.settings),
        stringifyExact(order),
        order.lane,
      ]);
    },
    locked(scanId, work) {
      return inTurn(scanId, () =>
        database.transaction(async (sql) => {
          const scan = await lockScan(sql, scanId);
          return scan && work(scan);
        }),
      );
    },
    async verdict(scanId) {
      const [row] = await database.query(verdict, [scanId]);
      return row && parseVerdict(row);
    },
    async page({ after = '', limit, profileHash }) {
      const rows =
        profileHash === undefined
          ? await database.query(page, [after, limit])
          : await database.query(pageOfProfile, [after, limit, profileHash]);
      return rows.map(knownScan);
    },
    ...createOutbox(database, options),
    close: () => database.close(),
  };
}

const register: Statement = {
  name: 'register-scan',
  text: `
    insert into neuroninspect.scans (scan_id, model_digest, images_digest, profile_hash, scan_order, lane, state)
    values ($1, $2, $3, $4, $5::text::json, $6, 'registered')
    on conflict (scan_id) do nothing`,
};

const verdict: Statement = {
  name: 'verdict',
  text: `select result::text, pictures::text from neuroninspect.verdicts where scan_id = $1`,
};

const selectKnown = `
    select s.scan_id, s.scan_order::text, s.state, v.verdict
    from neuroninspect.scans s left join neuroninspect.verdicts v using (scan_id)`;

const page: Statement = {
  name: 'page',
  text: `${selectKnown} where s.scan_id > $1 order by s.scan_id limit $2::integer`,
};

const pageOfProfile: Statement = {
  name: 'page-of-profile',
  text: `${selectKnown} where s.scan_id > $1 and s.profile_hash = $3 order by s.scan_id limit $2::integer`,
};

function knownScan(row: Row): KnownScan {
  return {
    order: parseExact(row.scan_order as string) as ScanOrder,
    state: row.state as ScanState,
    verdict: (row.verdict ?? undefined) as Verdict | undefined,
  };
}
