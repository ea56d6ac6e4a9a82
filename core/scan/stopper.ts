import type { Clock } from '../ports/clock.js';
import { ScanError } from './errors.js';

export interface StopRequest {
  readonly path: string;
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Stopper {
  /** Settles as the work does, or rejects as soon as the scan is cancelled or out of time. */
  readonly or: <T>(work: Promise<T>) => Promise<T>;
  /** @throws ScanError when the scan is to end. */
  readonly check: () => void;
  readonly stopped: () => boolean;
  readonly release: () => void;
}

/** Ends a scan early: by the caller's signal or after a time. */
export function createStopper(request: StopRequest, clock: Clock): Stopper {
  const { path, signal, timeoutSeconds } = request;
  let why: ScanError | undefined;
  let reject: (error: ScanError) => void = () => undefined;
  const stopping = new Promise<never>((_, no) => (reject = no));
  // Nobody may be waiting when it rejects.
  stopping.catch(() => undefined);
  const stop = (error: ScanError) => {
    reject((why ??= error));
  };
  const onAbort = () => {
    stop(signal?.reason instanceof ScanError ? signal.reason : cancelled(path));
  };
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const disarm =
    timeoutSeconds === undefined
      ? () => undefined
      : clock.after(timeoutSeconds, () => {
          stop(outOfTime(path, timeoutSeconds));
        });
  return {
    or: (work) => Promise.race([stopping, work]),
    check: () => {
      if (why) throw why;
    },
    stopped: () => why !== undefined,
    release() {
      disarm();
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

function cancelled(path: string): ScanError {
  return new ScanError('cancelled', `${path}: the scan was cancelled`);
}

function outOfTime(path: string, seconds: number): ScanError {
  return new ScanError('engine-timeout', `${path}: not scanned within ${seconds} s; allow more time or fewer images`, {
    retryable: true,
  });
}
