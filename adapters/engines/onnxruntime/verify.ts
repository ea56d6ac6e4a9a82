import type { EngineSession } from '../../../core/ports/engine.js';
import { ScanError } from '../../../core/scan/errors.js';
import { disagreement } from './disagreement.js';

/**
 * A session whose first run is repeated on the CPU: a kernel that is wrong shows before any of its numbers is used.
 *
 * ONNX Runtime 1.30 has such kernels for WebGPU: its Conv is wrong for input channels that are a multiple of 3 and not of 4,
 * where output channels are a multiple of 4 (issue 29651 there); docs/decisions/0017-webgpu-is-checked.md has others.
 *
 * @param reference makes the session on the CPU, which is disposed of after the check
 * @param what the program, as errors name it
 * @throws ScanError `engine-failed` from the first run where the two disagree.
 */
export function verified(
  session: EngineSession,
  reference: () => Promise<EngineSession>,
  what: { readonly program: string; readonly provider: string },
): EngineSession {
  let checked = false;
  return {
    run: async (feeds, outputs) => {
      const found = await session.run(feeds, outputs);
      if (checked) return found;
      const cpu = await reference();
      try {
        const problem = await disagreement(found, feeds, cpu);
        if (problem !== undefined) throw refusal(problem, what);
      } finally {
        await cpu.dispose();
      }
      checked = true;
      return found;
    },
    dispose: () => session.dispose(),
  };
}

function refusal(
  problem: string,
  { program, provider }: { readonly program: string; readonly provider: string },
): ScanError {
  return new ScanError(
    'engine-failed',
    `the provider ${provider} of onnxruntime computes other numbers than the CPU in program '${program}': ${problem}. ` +
      `Use --provider cpu for this model.`,
  );
}
