import { WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client';
import type { Lane, ScanOrder } from '../core/pipeline/order.js';
import type { Notice } from '../core/ports/scan-store.js';
import { lanePriority } from './priority.js';
import {
  advancedSignal,
  cancelSignal,
  laneSignal,
  orchestratorTaskQueue,
  progressQuery,
  scanModelWorkflow,
  type Patience,
  type ScanModelArguments,
  type ScanOutcome,
} from './scan-model/contract.js';

type ScanModel = (request: ScanModelArguments) => Promise<ScanOutcome>;

/**
 * Starts a scan, or joins the one of the same id that is under way; one that is wanted at a gate goes to that lane. A scan
 * that is over is started again and ends at once with the verdict it has.
 */
export async function startScan(
  client: Client,
  order: ScanOrder,
  patience?: Patience,
  taskQueue: string = orchestratorTaskQueue,
): Promise<void> {
  const options = {
    workflowId: order.scanId,
    taskQueue,
    args: [{ order, patience }] as [ScanModelArguments],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    priority: lanePriority(order.lane),
  } as const;
  if (order.lane === 'gate') {
    await client.workflow.signalWithStart<ScanModel, [Lane]>(scanModelWorkflow, {
      ...options,
      signal: laneSignal,
      signalArgs: ['gate'],
    });
  } else {
    await client.workflow.start<ScanModel>(scanModelWorkflow, options);
  }
}

/** Waits for the end of the latest run of a scan. */
export function scanOutcome(client: Client, scanId: string): Promise<ScanOutcome> {
  return handleOf(client, scanId).result();
}

/** Tells a scan's workflow that the scan got further. Nobody has to be told of a scan that is over. */
export async function signalAdvanced(client: Client, { scanId, state }: Notice): Promise<void> {
  try {
    await handleOf(client, scanId).signal(advancedSignal, state);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** Ends a scan `inconclusive` with the code `cancelled`. @param text who and why, for the report. */
export function cancelScan(client: Client, scanId: string, text: string): Promise<void> {
  return handleOf(client, scanId).signal(cancelSignal, text);
}

/** Moves what is not done yet into another lane. */
export function setLane(client: Client, scanId: string, lane: Lane): Promise<void> {
  return handleOf(client, scanId).signal(laneSignal, lane);
}

export async function scanProgress(client: Client, scanId: string) {
  return handleOf(client, scanId).query(progressQuery);
}

function handleOf(client: Client, scanId: string): WorkflowHandle<ScanModel> {
  return client.workflow.getHandle<ScanModel>(scanId);
}
