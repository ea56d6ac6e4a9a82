import { defineQuery } from '@temporalio/workflow';
import type { Verdict } from '../../core/scan/result.js';
import type { Profile } from '../../core/scan/profile.js';
import type { ScanOrder } from '../../core/pipeline/order.js';

/** Merges and detects again from stored features, for example after a calibration change. No engine is needed. */
export const rejudgeFleetWorkflow = 'rejudgeFleet';

export interface RejudgeFleetArguments {
  /** Hash of the profile whose scans are judged again. */
  readonly from: string;
  /** The new profile; it must compute the same saliency features (`saliency`, `persistence`, `images`). */
  readonly profile: Profile;
  /** History events after which the workflow continues as new. Default 8000. */
  readonly maxHistory?: number | undefined;
  /** Set when the workflow continues as new; not for clients. */
  readonly resumed?: { readonly after: string; readonly summary: RejudgeSummary } | undefined;
}

export interface RejudgeSummary {
  readonly judged: number;
  /** Scans whose new candidate has no trigger reconstruction yet: they were started as scans of the new profile. */
  readonly started: number;
  /** Scans without complete features. */
  readonly skipped: number;
  readonly changed: number;
  /** The first hundred. */
  readonly changes: readonly VerdictChange[];
}

export interface VerdictChange {
  readonly model: string;
  readonly digest: string;
  readonly from: { readonly scanId: string; readonly verdict: Verdict };
  readonly to: { readonly scanId: string; readonly verdict: Verdict };
}

export const rejudgeQuery = defineQuery<RejudgeSummary>('rejudge');

export interface RejudgeActivities {
  /** Judges the next scans after a scan id, `limit` at most. `next` is undefined at the end. */
  rejudge(request: {
    readonly from: string;
    readonly profile: Profile;
    readonly after: string;
    readonly limit: number;
  }): Promise<{
    readonly judged: number;
    readonly skipped: number;
    readonly changes: readonly VerdictChange[];
    /** To be confirmed: their features are stored under the new scan id already. */
    readonly unconfirmed: readonly ScanOrder[];
    readonly next: string | undefined;
  }>;
}
