import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Lane, ScanOrder } from '../../core/pipeline/order.js';
import type { Stage } from '../../core/pipeline/task.js';
import type { ScanState } from '../../core/ports/scan-store.js';
import type { Reason, Verdict } from '../../core/scan/result.js';

/** The name under which clients start it; its workflow id is the scan id. */
export const scanModelWorkflow = 'scanModel';

export interface ScanModelArguments {
  readonly order: ScanOrder;
  readonly patience?: Patience | undefined;
  /** History events after which the workflow continues as new; default when the server suggests it. */
  readonly maxHistory?: number | undefined;
  /** Set when the workflow continues as new; not for clients. */
  readonly resumed?: ResumedScan | undefined;
}

export interface ResumedScan {
  readonly rounds: number;
  /** Seconds. */
  readonly waited: number;
  readonly lane: Lane;
  /** The state in which tasks were sent last. */
  readonly sent: ScanState | undefined;
}

/** How long to wait for engine workers. */
export interface Patience {
  /** Seconds without any news of a stage before its missing tasks are sent again. Default 120. */
  readonly silence: number;
  /** How often in a row that is done without any progress before the scan ends `inconclusive`. Default 10. */
  readonly rounds: number;
  /** Seconds for the whole scan. Default 3600. */
  readonly total: number;
}

export const defaultPatience: Patience = { silence: 120, rounds: 10, total: 3600 };

/** In a fleet waiting behind others, for hours, is the normal state. */
export const fleetPatience: Patience = { silence: 900, rounds: 24, total: 86_400 };

/** What a scan ends with: no more than a gate needs, the whole report is in the object store. */
export interface ScanOutcome {
  readonly scanId: string;
  readonly verdict: Verdict;
  readonly reason?: Reason | undefined;
  readonly score?: number | undefined;
  readonly targetClasses: readonly number[];
  /** Object key of the report in JSON. */
  readonly reportKey: string;
}

export interface ScanProgress {
  readonly state: ScanState;
  /** The stage whose tasks are waited for; undefined when judged. */
  readonly stage?: Stage | undefined;
  readonly done: number;
  readonly total: number;
}

/** The reducer has news: the scan reached this state. */
export const advancedSignal = defineSignal<[ScanState]>('advanced');
/** Ends the scan `inconclusive` with the code `cancelled`; the text says who and why. */
export const cancelSignal = defineSignal<[string]>('cancel');
/** Moves what is not done yet into another lane. */
export const laneSignal = defineSignal<[Lane]>('lane');
export const progressQuery = defineQuery<ScanProgress & { readonly lane: Lane; readonly rounds: number }>('progress');

/**
 * What the workflow asks the orchestrator to do. Every call may be repeated at any time.
 *
 * They throw ApplicationFailure whose type is a code of `ScanError`; it is not retryable where the error is not.
 */
export interface ScanActivities {
  /**
   * Acquires: checks that all files of the model and the images are in the object store, registers the scan, opens it again
   * when its verdict was `inconclusive` for a reason that may pass (`mayPass`).
   * A model that cannot be acquired gets its verdict here.
   */
  acquire(order: ScanOrder): Promise<ScanProgress>;
  /**
   * Plans the stage the scan is in, if it is not planned yet, and sends the tasks without a result. `round` 0 sends each task
   * that was not sent before.
   */
  dispatch(request: DispatchRequest): Promise<ScanProgress>;
  /** Where the scan stands; sends nothing. */
  progress(scanId: string): Promise<ScanProgress>;
  /** Gives the scan an `inconclusive` verdict unless it has one; registers it where `acquire` could not. */
  conclude(request: { readonly order: ScanOrder; readonly reason: Reason }): Promise<ScanProgress>;
  /**
   * Writes the reports, announces the verdict, tells the workers. Undefined where the scan has no verdict: the news of it
   * was about the time before the scan was opened again.
   */
  publish(scanId: string): Promise<ScanOutcome | undefined>;
}

export interface DispatchRequest {
  readonly scanId: string;
  readonly lane: Lane;
  readonly round: number;
  /** Seconds from now after which nobody waits for the tasks any more. */
  readonly ttl: number;
}

/** The queue of workflows and activities of the orchestrator. */
export const orchestratorTaskQueue = 'neuroninspect-orchestrator';
