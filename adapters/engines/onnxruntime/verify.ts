import type { Tensor } from '../../../core/onnx/graph.js';
import type { EngineSession } from '../../../core/ports/engine.js';
import { ScanError } from '../../../core/scan/errors.js';

/**
 * A session whose first run is repeated on the CPU: a kernel that is wrong shows before any of its numbers is used.
 *
 * ONNX Runtime 1.30 has such kernels for WebGPU: its Conv is wrong for input channels that are a multiple of 3 and not of 4,
 * where output channels are a multiple of 4 (issue 29651 there). Activations that are nearly tied may fall to the other side,
 * so single values that differ are no sign of one.
 *
 * @param reference makes the session on the CPU, which is disposed of after one run
 * @param what the program, as errors name it
 * @throws ScanError `engine-failed` from the first run where one value in a hundred differs by a hundredth of the largest.
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
        const expected = await cpu.run(feeds, [...found.keys()]);
        for (const [name, tensor] of expected) check(name, found.get(name)!, tensor, what);
      } finally {
        await cpu.dispose();
      }
      checked = true;
      return found;
    },
    dispose: () => session.dispose(),
  };
}

const tolerance = 1e-2;
const tolerated = 1e-2;

function check(
  output: string,
  found: Tensor,
  expected: Tensor,
  { program, provider }: { readonly program: string; readonly provider: string },
): void {
  if (expected.dtype !== 'float32') return;
  const [numbers, right] = [found.data as Float32Array, expected.data as Float32Array];
  const largest = right.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const limit = tolerance * largest || 1e-6;
  // Also where one of the two is no number.
  const wrong = right.filter((value, i) => !Object.is(value, numbers[i]) && !(Math.abs(value - numbers[i]!) <= limit));
  if (wrong.length <= tolerated * right.length) return;
  const share = Math.ceil((100 * wrong.length) / right.length);
  throw new ScanError(
    'engine-failed',
    `the provider ${provider} of onnxruntime computes other numbers than the CPU in program '${program}': ${share} % of ` +
      `output '${output}' differ by more than ${100 * tolerance} % of the largest. Use --provider cpu for this model.`,
  );
}
