import { ScanError } from '../../core/scan/errors.js';
import { memorySignal } from './protocol.js';
import type { ProcessEnd, Task } from './worker-process.js';

/** The error for a request whose process ended. `lastWords` is the end of what the process wrote to stderr. */
export function crashError(
  { model, doing }: Task,
  end: ProcessEnd,
  lastWords: string,
  maxResidentBytes: number,
): ScanError {
  if ('signal' in end && end.signal === memorySignal) {
    const limit = Math.round(maxResidentBytes / 2 ** 20);
    return new ScanError(
      'engine-out-of-memory',
      `${model}: more than ${limit} MiB of memory were needed while ${doing}. ` +
        'Use fewer workers, so that each may take more, or a machine with more memory.',
    );
  }
  const said = lastWords && `; its last words: "${lastWords}"`;
  return new ScanError(
    'engine-crashed',
    `${model}: the worker process ${howItEnded(end)} while ${doing}${said}. ` +
      'Other models are not affected. Check the file; if it runs elsewhere, report it together with this message.',
  );
}

function howItEnded(end: ProcessEnd): string {
  if ('answer' in end) return end.answer;
  if ('failedToStart' in end) return `could not be started (${end.failedToStart})`;
  if (end.signal === 'SIGKILL') return 'was killed by SIGKILL, as the kernel does when memory runs out,';
  if (end.signal) return `was killed by ${end.signal}`;
  return `ended with exit code ${end.code}`;
}

/** Keeps the last bytes of a stream. */
export function createTail(maxBytes = 2048): { add(chunk: Buffer): void; text(): string } {
  let kept = Buffer.alloc(0);
  return {
    add: (chunk) => {
      kept = Buffer.from(Buffer.concat([kept, chunk]).subarray(-maxBytes));
    },
    // What a process writes while it dies can hold anything: one printable line of it.
    text: () =>
      kept
        .toString('utf8')
        .replace(/[\s\p{C}\ufffd]+/gu, ' ')
        .trim(),
  };
}
