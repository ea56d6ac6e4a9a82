import { lineProgress } from './lines.js';
import type { Progress } from './progress.js';

export { describeResult } from './lines.js';
export type { Progress } from './progress.js';

/** A bar where someone watches, otherwise a line per model, or nothing at all; remarks always. */
export async function createProgress(
  stream: NodeJS.WriteStream,
  options: { readonly models: number; readonly wanted: boolean; readonly dumb: boolean },
): Promise<Progress> {
  const { models, wanted, dumb } = options;
  if (!wanted) return lineProgress(stream, models, { quiet: true });
  if (!stream.isTTY || dumb) return lineProgress(stream, models, { quiet: false });
  return (await import('./bar.js')).barProgress(stream, models);
}
