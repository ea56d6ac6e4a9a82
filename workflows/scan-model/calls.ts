import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import { scanErrorCodes, type ScanErrorCode } from '../../core/scan/errors.js';
import type { Reason } from '../../core/scan/result.js';
import type { ScanActivities } from './contract.js';

type Name = keyof ScanActivities;
type Argument<N extends Name> = Parameters<ScanActivities[N]>[0];
type Answer<N extends Name> = Awaited<ReturnType<ScanActivities[N]>>;

/**
 * Calls an activity until it succeeds, fails for good or the seconds are over.
 *
 * The first try is a local activity: it runs inside the workflow task that wants it, which saves the events, the round trips
 * and half of the orchestrator's work. What does not succeed at once is left to the server, whose retries leave no events.
 */
export async function withinSeconds<N extends Name>(
  seconds: number,
  name: N,
  argument: Argument<N>,
): Promise<Answer<N>> {
  return call(name, argument, isFinal, {
    startToCloseTimeout: '2 minutes',
    scheduleToCloseTimeout: Math.max(1000 * seconds, 1),
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' },
  });
}

/** Calls an activity until it succeeds: there is no other way to end a scan. */
export async function atAnyPrice<N extends 'conclude' | 'publish'>(name: N, argument: Argument<N>): Promise<Answer<N>> {
  return call(name, argument, () => false, {
    startToCloseTimeout: '5 minutes',
    retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  });
}

/** What a scan ends with when an activity failed for good; undefined where the error is none of an activity. */
export function failureReason(error: unknown): Reason | undefined {
  const failure = failureOf(error);
  if (failure) return { code: codeOf(failure), message: failure.message };
  if (!(error instanceof ActivityFailure)) return undefined;
  const late = error.cause instanceof TimeoutFailure;
  return {
    code: late ? 'deadline-exceeded' : 'internal',
    message: `the step '${error.activityType}' did not succeed in the time the scan had`,
  };
}

async function call<N extends Name>(
  name: N,
  argument: Argument<N>,
  isFinal: (error: unknown) => boolean,
  patient: Parameters<typeof proxyActivities>[0],
): Promise<Answer<N>> {
  try {
    return await (atOnce[name] as Activity<N>)(argument);
  } catch (error) {
    if (isCancellation(error) || isFinal(error)) throw error;
  }
  const activities = proxyActivities<ScanActivities>({
    ...patient,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
  return (activities[name] as Activity<N>)(argument);
}

type Activity<N extends Name> = (argument: Argument<N>) => Promise<Answer<N>>;

/** Well within the 10 seconds of a workflow task. */
const atOnce = proxyLocalActivities<ScanActivities>({
  scheduleToCloseTimeout: '5 seconds',
  retry: { maximumAttempts: 1 },
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});

function isFinal(error: unknown): boolean {
  return failureOf(error)?.nonRetryable === true;
}

/** What the activity itself threw; failures of local activities come bare. */
function failureOf(error: unknown): ApplicationFailure | undefined {
  const thrown = error instanceof ActivityFailure ? error.cause : error;
  return thrown instanceof ApplicationFailure ? thrown : undefined;
}

function codeOf({ type }: ApplicationFailure): ScanErrorCode {
  return scanErrorCodes.find((code) => code === type) ?? 'internal';
}
