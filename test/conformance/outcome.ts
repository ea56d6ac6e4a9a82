import { ScanError } from '../../core/scan/errors.js';

/**
 * - `passed`: the numbers are those of the ONNX project.
 * - `refused`: the program says of itself that it does not do this, and why.
 * - `absent`: nobody claims the op here.
 * - `failed`: wrong, or an error that nobody meant.
 */
export type Outcome =
  { readonly kind: 'passed' | 'absent' } | { readonly kind: 'refused' | 'failed'; readonly reason: string };

export const passed: Outcome = { kind: 'passed' };
export const absent: Outcome = { kind: 'absent' };

/** A stage that leaves a case alone, and says so. */
export class NotClaimed extends Error {}

/** Runs one stage; it returns what is wrong, if anything. */
export async function outcomeOf(stage: () => Promise<string | undefined> | string | undefined): Promise<Outcome> {
  try {
    const problem = await stage();
    return problem === undefined ? passed : { kind: 'failed', reason: problem };
  } catch (thrown) {
    if (thrown instanceof NotClaimed) return { kind: 'refused', reason: thrown.message };
    if (thrown instanceof ScanError && isRefusal(thrown)) return { kind: 'refused', reason: thrown.message };
    return { kind: 'failed', reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** An engine's own error comes with its cause; a kernel that is wrong about its result is caught, and no refusal either. */
function isRefusal({ code, cause, message }: ScanError): boolean {
  if (code === 'engine-failed') return cause === undefined && !message.includes('the result is');
  return code === 'model-unsupported-op' || code === 'model-ambiguous';
}
