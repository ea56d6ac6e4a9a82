import type { Detection } from '../detect/detect.js';
import type { Lane, ScanOrder } from '../pipeline/order.js';
import type { ImageFacts, Stage, TaskResult } from '../pipeline/task.js';
import type { EngineInfo } from './engine.js';
import type { Inspection } from '../scan/features.js';
import type { ScanResult } from '../scan/result.js';
import type { BlobReference } from '../pipeline/order.js';

/** How far a scan is. `judged`: there is a verdict, and it is final unless the scan is reopened. */
export const scanStates = ['registered', 'inspected', 'detected', 'judged'] as const;
export type ScanState = (typeof scanStates)[number];

/**
 * Remembers scans: PostgreSQL in the cluster, PGlite in one process. Adapters: `adapters/stores/scans/*`; one contract suite.
 *
 * All calls throw ScanError `storage-failed` (retryable) when the database does not answer.
 */
export interface ScanStore {
  /** Makes the scan known; nothing changes where it is known already. */
  register(order: ScanOrder): Promise<void>;
  /**
   * Runs `work` in one transaction that holds the scan: nobody else changes it meanwhile, whichever process they are in.
   * What `work` did is kept as a whole when it resolves and forgotten when it rejects.
   * @returns undefined, without a call of `work`, where the scan was never registered.
   */
  locked<T>(scanId: string, work: (scan: LockedScan) => Promise<T>): Promise<T | undefined>;
  verdict(scanId: string): Promise<StoredVerdict | undefined>;
  /** Scans in the order of their ids, `limit` at most, those after `after`. */
  page(query: ScanPage): Promise<readonly KnownScan[]>;
  /**
   * Hands waiting notices to `deliver`, the oldest first, each to one process at a time; a notice is gone once `deliver`
   * resolved and comes again when it rejected or the process died. Order holds within a scan.
   * @returns how many were delivered.
   */
  deliverNotices(limit: number, deliver: (notice: Notice) => Promise<void>): Promise<number>;
  /** For metrics: how many notices wait, and for how many seconds the oldest has. */
  waitingNotices(): Promise<{ readonly count: number; readonly oldestSeconds: number }>;
  close(): Promise<void>;
}

export interface ScanPage {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly profileHash?: string | undefined;
}

export interface KnownScan {
  readonly order: ScanOrder;
  readonly state: ScanState;
  readonly verdict?: ScanResult['verdict'] | undefined;
}

/** A message to a workflow, stored in the same transaction as what it tells ("outbox"). */
export interface Notice {
  readonly scanId: string;
  readonly state: ScanState;
}

export interface StoredVerdict {
  /** Without pictures: `evidence` is empty, `pictures` names it. */
  readonly result: ScanResult;
  readonly pictures: readonly { readonly classIndex: number; readonly blob: BlobReference }[];
}

/** One scan inside a transaction. */
export interface LockedScan {
  readonly order: ScanOrder;
  /** Of the order's settings: 64 hex digits. */
  readonly profileHash: string;
  /** When the scan was registered or reopened last: whole milliseconds since the epoch, by the clock of the store. */
  readonly openedAt: number;
  /** Seconds since then. */
  readonly age: number;
  readonly state: ScanState;
  readonly lane: Lane;
  readonly inspected?: StoredInspection | undefined;
  readonly detection?: Detection | undefined;
  readonly verdict?: StoredVerdict | undefined;

  /** Adds the tasks of a stage; those that are there stay. */
  addTasks(stage: Stage, ids: readonly string[]): Promise<void>;
  /** All tasks of a stage, and whether each has a result, in the order they were added. */
  tasks(stage: Stage): Promise<readonly { readonly id: string; readonly done: boolean }[]>;
  /** Keeps the first result of a task, whether the task is planned yet or not. False where there was one. */
  addResult(result: TaskResult): Promise<boolean>;
  /** Results of the planned tasks of a stage. */
  results(stage: Stage): Promise<readonly TaskResult[]>;

  setLane(lane: Lane): Promise<void>;
  setInspected(inspected: StoredInspection): Promise<void>;
  setDetection(detection: Detection): Promise<void>;
  setVerdict(verdict: StoredVerdict): Promise<void>;
  /** Moves the verdict to the history and drops failed results, so that what is missing is computed again. */
  reopen(): Promise<void>;
  /** Puts a notice of the state into the outbox. */
  notify(state: ScanState): Promise<void>;
}

export interface StoredInspection {
  readonly inspection: Inspection;
  readonly images: ImageFacts;
  readonly engine?: EngineInfo | undefined;
  readonly seconds: number;
}
