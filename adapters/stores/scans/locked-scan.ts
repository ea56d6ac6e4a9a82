import type { Lane, ScanOrder } from '../../../core/pipeline/order.js';
import type { LockedScan, ScanState, StoredInspection, StoredVerdict } from '../../../core/ports/scan-store.js';
import type { Detection } from '../../../core/detect/detect.js';
import { ScanError } from '../../../core/scan/errors.js';
import { parseExact, stringifyExact } from '../../wire/json.js';
import { decodeTaskResult, encodeTaskResult } from '../../wire/task-result.js';
import * as statements from './locked-statements.js';
import type { Row, Transaction } from './sql.js';

/**
 * Holds one scan until the transaction ends; undefined where it is not registered.
 *
 * Only calls whose answer matters wait for the database. The others are sent behind each other and checked before the
 * commit, so a result costs four round trips: lock, add, look whether the stage is complete, commit.
 */
export async function lockScan(sql: Transaction, scanId: string): Promise<LockedScan | undefined> {
  const [row] = await sql.query(statements.lock, [scanId]);
  if (!row) return undefined;

  const order = lazily(() => parseExact(row.scan_order as string) as ScanOrder);
  let lane = row.lane as Lane;
  let openedAt = row.opened_at as number;
  let age = row.age as number;
  let inspected = lazily(() => parsed(row.inspected) as StoredInspection | undefined);
  let detection = lazily(() => parsed(row.detection) as Detection | undefined);
  let verdict: () => StoredVerdict | undefined = lazily(() => (isText(row.result) ? parseVerdict(row) : undefined));
  // Whether the texts are there decides, so that nothing is parsed that nobody asks for.
  let has = {
    inspected: isText(row.inspected),
    detection: isText(row.detection),
    verdict: isText(row.result),
  };
  const state = () => stateOf(has);

  return {
    get order() {
      return order();
    },
    profileHash: row.profile_hash as string,
    get openedAt() {
      return openedAt;
    },
    get age() {
      return age;
    },
    get state() {
      return state();
    },
    get lane() {
      return lane;
    },
    get inspected() {
      return inspected();
    },
    get detection() {
      return detection();
    },
    get verdict() {
      return verdict();
    },

    async addTasks(stage, ids) {
      if (ids.length > 0) await sql.query(statements.addTasks, [scanId, stage, ids]);
    },
    async tasks(stage) {
      const rows = await sql.query(statements.tasks, [scanId, stage]);
      return rows.map((task) => ({ id: task.task_id as string, done: task.done as boolean }));
    },
    async addResult(result) {
      if (result.scanId !== scanId) {
        throw new ScanError('internal', `a result of scan ${result.scanId} was handed to scan ${scanId}`);
      }
      const rows = await sql.query(statements.addResult, [
        scanId,
        result.taskId,
        encodeTaskResult(result),
        result.outcome.kind === 'failure',
      ]);
      return rows.length === 1;
    },
    async results(stage) {
      const rows = await sql.query(statements.results, [scanId, stage]);
      return rows.map(({ payload }) => decodeTaskResult(payload as Uint8Array));
    },

    setLane(to) {
      lane = to;
      return send(statements.setLane, [to]);
    },
    setInspected(value) {
      inspected = () => value;
      has = { ...has, inspected: true };
      return send(statements.setInspected, [stringifyExact(value), state()]);
    },
    setDetection(value) {
      detection = () => value;
      has = { ...has, detection: true };
      return send(statements.setDetection, [stringifyExact(value), state()]);
    },
    setVerdict(value) {
      verdict = () => value;
      has = { ...has, verdict: true };
      const { result, pictures } = value;
      void send(statements.setVerdict, [result.verdict, stringifyExact(result), stringifyExact(pictures)]);
      return send(statements.setState, [state()]);
    },
    reopen() {
      verdict = () => undefined;
      has = { ...has, verdict: false };
      // The clock of the database, when it locked the scan; later than before however coarse that clock is.
      openedAt += Math.max(1, Math.floor(1000 * age));
      age = 0;
      void send(statements.archiveVerdict, []);
      void send(statements.dropFailures, []);
      return send(statements.reopen, [state(), openedAt]);
    },
    notify: (of) => send(statements.notify, [of]),
  };

  function send(statement: statements.OfScan, values: readonly unknown[]): Promise<void> {
    sql.send(statement, [scanId, ...values]);
    return Promise.resolve();
  }
}

export function parseVerdict(row: Row): StoredVerdict {
  return {
    result: parseExact(row.result as string) as StoredVerdict['result'],
    pictures: parseExact(row.pictures as string) as StoredVerdict['pictures'],
  };
}

function stateOf(has: { inspected: boolean; detection: boolean; verdict: boolean }): ScanState {
  if (has.verdict) return 'judged';
  if (has.detection) return 'detected';
  return has.inspected ? 'inspected' : 'registered';
}

function parsed(text: unknown): unknown {
  return isText(text) ? parseExact(text) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
