import { CancellationScope, condition, sleep } from '@temporalio/workflow';

/**
 * Rings when nothing happened for too long.
 *
 * News only moves the time it rings at: the one timer that runs is never cancelled but looks again when it fires, so a scan
 * without trouble costs a single timer event however often it is waited for.
 */
export interface Watchdog {
  /** Waits until `event` holds or the time (milliseconds since the epoch) has come. False: nothing happened. */
  wait(event: () => boolean, until: number): Promise<boolean>;
}

export function createWatchdog(): Watchdog {
  let due = 0;
  let running = false;
  const run = async () => {
    running = true;
    // A cancelled scan stops waiting by itself; the timer ends with the workflow.
    await CancellationScope.nonCancellable(async () => {
      while (Date.now() < due) await sleep(due - Date.now());
    });
    running = false;
  };
  return {
    async wait(event, until) {
      if (event()) return true;
      if (Date.now() >= until) return false;
      // Times only grow, so the running timer never fires too late.
      due = until;
      if (!running) void run();
      await condition(() => event() || !running);
      return event();
    },
  };
}
