import { exitCodes } from './exit-codes.js';

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Set once a signal has come. */
  exitCode(): number | undefined;
  release(): void;
}

/** The first Ctrl-C or SIGTERM asks the work to stop, the second ends the process at once. */
export function onInterrupt(target: NodeJS.Process): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  const handler = (name: NodeJS.Signals) => {
    if (code !== undefined) target.exit(code);
    code = name === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
    controller.abort();
  };
  target.on('SIGINT', handler);
  target.on('SIGTERM', handler);
  return {
    signal: controller.signal,
    exitCode: () => code,
    release() {
      target.off('SIGINT', handler);
      target.off('SIGTERM', handler);
    },
  };
}

/**
 * `neuroninspect ... | head` closes the pipe early; that is no error of ours and the exit code stands. What else goes
 * wrong with a stream, `write` reports to its caller; without a listener it would end the process.
 */
export function quietOnClosedPipe(...streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) stream.on('error', () => undefined);
}

/** Resolves when the text is handed over, or when nobody reads any more. @throws what else goes wrong. */
export async function write(stream: NodeJS.WritableStream, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}
