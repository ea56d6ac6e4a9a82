import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Lane, ScanOrder } from '../../core/pipeline/order.js';
import type { ScanState } from '../../core/ports/scan-store.js';
import type { Reason } from '../../core/scan/result.js';
import { withinSeconds } from './calls.js';
import type { Patience, ScanModelArguments, ScanProgress } from './contract.js';
import { isFurther, type Mailbox } from './mailbox.js';
import { createWatchdog } from './watchdog.js';

export interface ScanUnderWay {
  readonly order: ScanOrder;
  readonly patience: Patience;
  readonly maxHistory: number | undefined;
  readonly mailbox: Mailbox;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  acquired: boolean;
  /** What the tasks were sent for last. */
  sent: { readonly state: ScanState | undefined; readonly lane: Lane } | undefined;
  /** How often in a row the tasks were sent again without any progress. */
  rounds: number;
  progress: ScanProgress;
}

/**
 * Has the stages computed one after the other, until the scan has a verdict.
 *
 * Signals make it quick, the database makes it right: a signal is only a reason to ask, and silence is one too.
 * @returns why the scan has to end without; undefined when there is a verdict.
 */
export async function awaitVerdict(scan: ScanUnderWay): Promise<Reason | undefined> {
  const { order, patience, mailbox } = scan;
  const { scanId } = order;
  const end = scan.startedAt + 1000 * patience.total;
  const secondsLeft = () => Math.ceil((end - Date.now()) / 1000);
  const watchdog = createWatchdog();

  mailbox.forget();
  scan.progress = await (scan.acquired
    ? withinSeconds(secondsLeft(), 'progress', scanId)
    : withinSeconds(secondsLeft(), 'acquire', order));
  scan.acquired = true;
  for (;;) {
    if (scan.progress.state === 'judged' || mailbox.heard === 'judged') return undefined;
    if (secondsLeft() <= 0) return tooLong(scan);
    if (isNews(scan)) {
      await send(scan, secondsLeft());
      continue;
    }
    if (hasLongHistory(scan)) await goOn(scan);

    const silent = Math.min(Date.now() + 1000 * patience.silence, end);
    if ((await watchdog.wait(() => isNews(scan), silent)) || secondsLeft() <= 0) continue;
    const seen = await withinSeconds(secondsLeft(), 'progress', scanId);
    if (hasMoved(scan.progress, seen)) {
      scan.rounds = 0;
    } else if (scan.rounds >= patience.rounds) {
      return nobodyWorks(scan);
    } else {
      scan.rounds++;
      await send(scan, secondsLeft());
      continue;
    }
    scan.progress = seen;
  }
}

/** The tasks that were sent are not, or not where, the scan needs them now. */
function isNews({ sent, progress, mailbox }: ScanUnderWay): boolean {
  return sent?.state !== progress.state || sent.lane !== mailbox.lane || isFurther(mailbox.heard, progress.state);
}

/** Plans and sends what the scan needs in the state the database knows, which may be another one than we think. */
async function send(scan: ScanUnderWay, ttl: number): Promise<void> {
  const { mailbox, order, progress } = scan;
  const { lane } = mailbox;
  if (isFurther(mailbox.heard, progress.state)) scan.rounds = 0;
  mailbox.forget();
  const seen = await withinSeconds(ttl, 'dispatch', { scanId: order.scanId, lane, round: scan.rounds, ttl });
  if (hasMoved(progress, seen)) scan.rounds = 0;
  scan.sent = { state: seen.state, lane };
  scan.progress = seen;
}

function hasMoved(before: ScanProgress, now: ScanProgress): boolean {
  return isFurther(now.state, before.state) || (now.state === before.state && now.done > before.done);
}

function hasLongHistory({ maxHistory = Infinity }: ScanUnderWay): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= maxHistory;
}

function goOn({ order, patience, maxHistory, startedAt, rounds, sent, mailbox }: ScanUnderWay): Promise<never> {
  const waited = (Date.now() - startedAt) / 1000;
  const resumed = { rounds, waited, lane: mailbox.lane, sent: sent?.state };
  return continueAsNew<(next: ScanModelArguments) => Promise<unknown>>({ order, patience, maxHistory, resumed });
}

function tooLong({ patience, progress }: ScanUnderWay): Reason {
  return {
    code: 'deadline-exceeded',
    message: `the scan had no verdict after ${patience.total} s; ${standing(progress)}. Give it more time or more workers`,
  };
}

function nobodyWorks({ patience, progress, mailbox }: ScanUnderWay): Reason {
  return {
    code: 'deadline-exceeded',
    message:
      `no worker made any progress, though the tasks were sent ${patience.rounds + 1} times, ${patience.silence} s apart; ` +
      `${standing(progress)}. Check that workers are running and take tasks of the lane '${mailbox.lane}'`,
  };
}

function standing({ stage, done, total }: ScanProgress): string {
  return `${done} of ${total} tasks of the stage '${stage ?? 'none'}' are done`;
}
