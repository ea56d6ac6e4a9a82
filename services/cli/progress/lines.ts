import { printable, printableLines } from '../../../core/report/text.js';
import type { ScanResult } from '../../../core/scan/result.js';
import type { Progress } from './progress.js';

/** For logs: one line per finished model. */
export function lineProgress(
  stream: NodeJS.WritableStream,
  models: number,
  { quiet }: { readonly quiet: boolean },
): Progress {
  let done = 0;
  return {
    update: nothing,
    finished(result) {
      done++;
      if (!quiet) stream.write(`[${done}/${models}] ${describeResult(result)}\n`);
    },
    note: (message) => void stream.write(`neuroninspect: ${printableLines(message)}\n`),
    stop: nothing,
  };
}

/** One finished model in a line. */
export function describeResult({ model, verdict, reason, targetClasses, timings, cached }: ScanResult): string {
  const detail = reason ? ` (${reason.code})` : targetClasses.length > 0 ? ` (class ${targetClasses.join(', ')})` : '';
  return `${printable(model.path, Infinity)}: ${verdict}${detail}, ${cached ? 'from the cache' : `${timings.total.toFixed(1)} s`}`;
}

function nothing(): void {
  // Lines are written when a model is finished.
}
