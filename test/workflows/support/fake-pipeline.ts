import { ApplicationFailure } from '@temporalio/common';
import type { ScanState } from '../../../core/ports/scan-store.js';
import { scanStates } from '../../../core/ports/scan-store.js';
import { stages } from '../../../core/pipeline/task.js';
import type { Reason, Verdict } from '../../../core/scan/result.js';
import type {
  DispatchRequest,
  ScanActivities,
  ScanOutcome,
  ScanProgress,
} from '../../../workflows/scan-model/contract.js';

/**
 * What the workers do with the tasks of a stage: `answer` with all results and a signal; `lose-signal`: without it; `one`:
 * one result of many; `nothing`.
 */
export type Answer = 'answer' | 'lose-signal' | 'one' | 'nothing';

export interface FakePipeline {
  readonly activities: ScanActivities;
  /** Every call: `acquire`, `dispatch inspect gate 0`, `progress`, `conclude cancelled`, `publish`. */
  readonly calls: string[];
  /** Resolves at the next call that starts with the text, or at once where there was one. */
  called(text: string): Promise<void>;
  /** Results come in and the scan gets into its next state. */
  advance(scanId: string): Promise<void>;
  stateOf(scanId: string): ScanState;
}

export interface FakeOptions {
  readonly signal: (scanId: string, state: ScanState) => Promise<void>;
  /** @param times how often this stage was dispatched before. */
  readonly workers?: (request: DispatchRequest & { readonly state: ScanState }, times: number) => Answer;
  /** Thrown by the activity instead of doing anything. @param times how often it was called before. */
  readonly fails?: (name: keyof ScanActivities, times: number) => Error | undefined;
  /** Verdicts of earlier runs. */
  readonly judged?: boolean;
}

/** The reducer, the workers and the database as one object in memory, behind the activities of the orchestrator. */
export function createFakePipeline({ signal, workers, fails, judged = false }: FakeOptions): FakePipeline {
  const scans = new Map<string, { state: ScanState; done: number; verdict?: Verdict; reason?: Reason }>();
  const calls: string[] = [];
  const waiting = new Set<() => void>();
  const counts = new Map<string, number>();
  const count = (key: string) => {
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    return before;
  };
  const note = (name: keyof ScanActivities, ...more: (string | number)[]) => {
    calls.push([name, ...more].join(' '));
    for (const wake of waiting) wake();
    const error = fails?.(name, count(name));
    if (error) throw error;
  };
  const scanOf = (scanId: string) => {
    const scan = scans.get(scanId) ?? { state: judged ? 'judged' : 'registered', done: 0 };
    if (judged) scan.verdict ??= 'clean';
    scans.set(scanId, scan);
    return scan;
  };
  const progressOf = (scanId: string): ScanProgress => {
    const { state, done } = scanOf(scanId);
    const stage = stages[scanStates.indexOf(state)];
    return { state, stage, done, total: stage === undefined ? done : 4 };
  };
  const advance = async (scanId: string, told: boolean) => {
    const scan = scanOf(scanId);
    scan.state = scanStates[scanStates.indexOf(scan.state) + 1]!;
    scan.done = 0;
    if (scan.state === 'judged') scan.verdict = 'backdoored';
    if (told) await signal(scanId, scan.state);
  };
  return {
    calls,
    stateOf: (scanId) => scanOf(scanId).state,
    advance: (scanId) => advance(scanId, true),
    called: (text) =>
      new Promise((resolve) => {
        const look = () => {
          if (!calls.some((call) => call.startsWith(text))) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    activities: {
      acquire: (order) => {
        note('acquire');
        return Promise.resolve(progressOf(order.scanId));
      },
      async dispatch(request) {
        const { scanId, lane, round } = request;
        const progress = progressOf(scanId);
        const { state, stage } = progress;
        note('dispatch', stage ?? 'none', lane, round);
        if (state === 'judged') return progress;
        const answer = workers?.({ ...request, state }, count(`${scanId} ${state}`)) ?? 'answer';
        if (answer === 'one') scanOf(scanId).done++;
        if (answer === 'answer' || answer === 'lose-signal') await advance(scanId, answer === 'answer');
        return progress;
      },
      progress: (scanId) => {
        note('progress');
        return Promise.resolve(progressOf(scanId));
      },
      conclude: ({ order, reason }) => {
        note('conclude', reason.code);
        const scan = scanOf(order.scanId);
        if (scan.state !== 'judged') Object.assign(scan, { state: 'judged', verdict: 'inconclusive', reason });
        return Promise.resolve(progressOf(order.scanId));
      },
      publish: (scanId) => {
        note('publish');
        const { verdict, reason } = scanOf(scanId);
        if (!verdict) return Promise.resolve(undefined);
        const outcome: ScanOutcome = { scanId, verdict, reason, targetClasses: [], reportKey: `reports/${scanId}` };
        return Promise.resolve(outcome);
      },
    },
  };
}

/** As the orchestrator throws them: the code of a ScanError as type. */
export function retryableFailure(code: string, message: string): Error {
  return ApplicationFailure.retryable(message, code);
}

export function finalFailure(code: string, message: string): Error {
  return ApplicationFailure.nonRetryable(message, code);
}
