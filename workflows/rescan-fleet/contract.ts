import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { ImagesReference, ScanOrder } from '../../core/pipeline/order.js';
import type { Verdict } from '../../core/scan/result.js';
import type { ScanSettings } from '../../core/scan/scan-id.js';

/** Scans every known model again, in the fleet lane. */
export const rescanFleetWorkflow = 'rescanFleet';

export interface RescanFleetArguments {
  /** Only models that were scanned with this profile hash; default all. */
  readonly profileHash?: string | undefined;
  /** Scan with these settings and images instead of those of the last scan. */
  readonly settings?: ScanSettings | undefined;
  readonly images?: ImagesReference | undefined;
  /** Scans under way at a time. Default 50. */
  readonly window?: number | undefined;
  /** History events after which the workflow drains its window and continues as new. Default 8000. */
  readonly maxHistory?: number | undefined;
  /** Set when the workflow continues as new; not for clients. */
  readonly resumed?: { readonly after: string; readonly counts: FleetCounts; readonly paused: boolean } | undefined;
}

/** A scan that somebody else had under way already is not counted: its verdict goes to whoever started it. */
export interface FleetCounts {
  readonly started: number;
  readonly finished: number;
  readonly failed: number;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
}

export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');
export const fleetQuery = defineQuery<FleetCounts & { readonly paused: boolean }>('fleet');

export interface FleetActivities {
  /** Orders for the next models after a scan id, `limit` scans are looked at. `next` is undefined at the end. */
  nextOrders(request: {
    readonly after: string;
    readonly limit: number;
    readonly profileHash?: string | undefined;
    readonly settings?: ScanSettings | undefined;
    readonly images?: ImagesReference | undefined;
  }): Promise<{ readonly orders: readonly ScanOrder[]; readonly next: string | undefined }>;
}
