import { CancellationScope, isCancellation, setHandler } from '@temporalio/workflow';
import type { Reason } from '../../core/scan/result.js';
import { awaitVerdict, type ScanUnderWay } from './await-verdict.js';
import { atAnyPrice, failureReason } from './calls.js';
import {
  advancedSignal,
  cancelSignal,
  defaultPatience,
  laneSignal,
  progressQuery,
  type ScanModelArguments,
  type ScanOutcome,
} from './contract.js';
import { openMailbox } from './mailbox.js';

/**
 * Takes one scan from its order to a published verdict.
 *
 * Whatever happens on the way, the scan ends with a verdict: what fails, lasts too long or is cancelled becomes the reason
 * of an `inconclusive` one. A cancelled workflow therefore completes too.
 */
export async function scanModel({ order, patience, maxHistory, resumed }: ScanModelArguments): Promise<ScanOutcome> {
  const mailbox = openMailbox(resumed?.lane ?? order.lane);
  const scan: ScanUnderWay = {
    order,
    patience: patience ?? defaultPatience,
    maxHistory,
    mailbox,
    startedAt: Date.now() - 1000 * (resumed?.waited ?? 0),
    acquired: resumed !== undefined,
    sent: resumed && { state: resumed.sent, lane: resumed.lane },
    rounds: resumed?.rounds ?? 0,
    progress: { state: 'registered', stage: 'inspect', done: 0, total: 1 },
  };
  const waiting = new CancellationScope();
  setHandler(advancedSignal, mailbox.hear);
  setHandler(laneSignal, mailbox.changeLane);
  setHandler(cancelSignal, (text) => {
    mailbox.cancel(text);
    waiting.cancel();
  });
  setHandler(progressQuery, () => ({ ...scan.progress, lane: mailbox.lane, rounds: scan.rounds }));

  for (;;) {
    let reason: Reason | undefined;
    try {
      reason = await waiting.run(() => awaitVerdict(scan));
    } catch (error) {
      reason = isCancellation(error) ? mailbox.cancellation() : failureReason(error);
      if (!reason) throw error;
    }
    const outcome = await CancellationScope.nonCancellable(async () => {
      if (reason) scan.progress = await atAnyPrice('conclude', { order, reason });
      return atAnyPrice('publish', order.scanId);
    });
    if (!outcome) continue;
    scan.progress = { state: 'judged', done: 0, total: 0 };
    return outcome;
  }
}
