import type { Graph } from '../../../core/onnx/graph.js';
import { float32 } from '../../../core/onnx/tensor.js';
import type { Engine } from '../../../core/ports/engine.js';
import { ScanError } from '../../../core/scan/errors.js';

/**
 * Lets an engine compute 1 + 1: the smallest proof that it works.
 * @throws ScanError of the engine, or `engine-failed` for a wrong sum.
 */
export async function addOne(engine: Engine): Promise<void> {
  const session = await engine.load(program);
  try {
    const results = await session.run(new Map([['x', float32([1], [1])]]));
    const sum = results.get('y')?.data[0];
    if (sum !== 2) throw new ScanError('engine-failed', `${engine.info.name} computed 1 + 1 = ${String(sum)}`);
  } finally {
    await session.dispose();
  }
}

const program: Graph = {
  name: 'add-one',
  irVersion: 8,
  producer: 'neuroninspect',
  opsets: new Map([['', 17]]),
  inputs: [{ name: 'x', dtype: 'float32', dims: [1] }],
  outputs: [{ name: 'y', dtype: 'float32', dims: [1] }],
  nodes: [{ name: 'add', op: 'Add', domain: '', inputs: ['x', 'one'], outputs: ['y'], attributes: new Map() }],
  initializers: new Map([['one', float32([1], [1])]]),
  metadata: new Map(),
};
