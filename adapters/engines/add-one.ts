import { float32 } from '../../core/onnx/tensor.js';
import type { Engine } from '../../core/ports/engine.js';
import { ScanError } from '../../core/scan/errors.js';
import { addOneProgram } from './add-one-program.js';

/**
 * Lets an engine compute 1 + 1: the smallest proof that it works.
 * @throws ScanError of the engine, or `engine-failed` for a wrong sum.
 */
export async function addOne(engine: Engine): Promise<void> {
  const session = await engine.load(addOneProgram);
  try {
    const results = await session.run(new Map([['x', float32([1], [1])]]));
    const sum = results.get('y')?.data[0];
    if (sum !== 2) throw new ScanError('engine-failed', `${engine.info.name} computed 1 + 1 = ${String(sum)}`);
  } finally {
    await session.dispose();
  }
}
