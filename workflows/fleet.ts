import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
  type ActivityOptions,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { ScanOrder } from '../core/pipeline/order.js';
import { lanePriority } from './priority.js';
import { fleetPatience, scanModelWorkflow, type ScanModelArguments, type ScanOutcome } from './scan-model/contract.js';

/** Starts a scan that goes on when its parent ends. */
export function startScanAlone(
  order: ScanOrder,
): Promise<ChildWorkflowHandle<(request: ScanModelArguments) => Promise<ScanOutcome>>> {
  return startChild<(request: ScanModelArguments) => Promise<ScanOutcome>>(scanModelWorkflow, {
    workflowId: order.scanId,
    args: [{ order, patience: fleetPatience }],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    priority: lanePriority(order.lane),
  });
}

/** Somebody else has the same scan under way. */
export function isUnderWay(error: unknown): boolean {
  return error instanceof WorkflowExecutionAlreadyStartedError;
}

/** Replaying 8000 events takes about a second, and a drained window costs as much as the slowest scan in it. */
export const defaultMaxHistory = 8000;

export function hasLongHistory(maxHistory: number): boolean {
  const { historyLength, historySize } = workflowInfo();
  return historyLength >= maxHistory || historySize >= maxHistoryBytes;
}

/** Well below the 50 MB at which a server ends a workflow. */
const maxHistoryBytes = 10 * 1024 * 1024;

/** Reading a page may wait for a database as long as it must: nobody waits for a fleet. */
export const pageRetries: ActivityOptions = {
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
};
