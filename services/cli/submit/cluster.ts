import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, isGrpcServiceError, WorkflowFailedError } from '@temporalio/client';
import type { ScanOrder } from '../../../core/pipeline/order.js';
import { ScanError } from '../../../core/scan/errors.js';
import { scanOutcome, scanProgress, startScan } from '../../../workflows/client.js';
import {
  defaultPatience,
  fleetPatience,
  type ScanOutcome,
  type ScanProgress,
} from '../../../workflows/scan-model/contract.js';

/** The pipeline as a client sees it. All calls throw ScanError. */
export interface Cluster {
  /** Starts a scan or joins the one that is under way. @param total seconds it may take. */
  start(order: ScanOrder, total: number): Promise<void>;
  /** Waits for the end of a scan, through restarts of the server, until the signal is aborted. */
  outcome(scanId: string, signal: AbortSignal): Promise<ScanOutcome>;
  /** Undefined while nobody can tell. */
  progress(scanId: string): Promise<ScanProgress | undefined>;
  close(): Promise<void>;
}

/** @throws ScanError `storage-failed` when the server does not answer or has no such namespace. */
export async function connectCluster(where: {
  readonly address: string;
  readonly namespace: string;
}): Promise<Cluster> {
  const { address, namespace } = where;
  const failed = (error: unknown) =>
    new ScanError(
      'storage-failed',
      `Temporal at ${address}, namespace ${namespace}: ${detailsOf(error)}; check --temporal-address, ` +
        '--temporal-namespace and that the pipeline is running',
      { cause: error, retryable: true },
    );
  const connection = await Connection.connect({ address, connectTimeout: '10 seconds' }).catch((error: unknown) => {
    throw failed(error);
  });
  await connection.workflowService.describeNamespace({ namespace }).catch(async (error: unknown) => {
    await connection.close();
    throw failed(error);
  });
  const client = new Client({ connection, namespace });
  return {
    async start(order, total) {
      const patience = order.lane === 'fleet' ? fleetPatience : defaultPatience;
      await startScan(client, order, { ...patience, total }).catch((error: unknown) => {
        throw failed(error);
      });
    },
    async outcome(scanId, signal) {
      for (;;) {
        try {
          return await scanOutcome(client, scanId);
        } catch (error) {
          if (error instanceof WorkflowFailedError) throw ended(scanId, error);
          signal.throwIfAborted();
          // What no server answered is asked again: it may be restarting.
          if (!isPassing(error)) throw failed(error);
          await pause(1000, undefined, { signal });
        }
      }
    },
    progress: (scanId) => scanProgress(client, scanId).catch(() => undefined),
    close: () => connection.close(),
  };
}

/** gRPC's CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL and UNAVAILABLE. */
const passingCodes: ReadonlySet<number> = new Set([1, 2, 4, 8, 10, 13, 14]);

function isPassing(error: unknown): boolean {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  return isGrpcServiceError(cause) && passingCodes.has(cause.code);
}

function ended(scanId: string, error: WorkflowFailedError): ScanError {
  return new ScanError(
    'internal',
    `the workflow ${scanId} ended without a verdict: ${error.cause?.message ?? error.message}; submit the model again`,
    { cause: error },
  );
}

function detailsOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (isGrpcServiceError(cause) && cause.details) return cause.details.replace(/\.$/, '');
  return error instanceof Error ? error.message : String(error);
}
