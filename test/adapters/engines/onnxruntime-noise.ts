import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { literal, tensor } from '../../contract/engine/array.js';
import { graph, node } from '../../contract/engine/program.js';

/** Does what ONNX Runtime has something to say about, in a process whose output a test reads. */
const engine = createOnnxruntimeEngine({ provider: 'auto' });
const one = tensor(literal([1], [1]));
const inputs = [['x', 'float32', ['n']]] as const;

const unusedWeight = await engine.load(
  graph({
    inputs,
    outputs: [['y', 'float32']],
    nodes: [node('Add', ['x', 'one'], ['y'])],
    initializers: { one, spare: one },
  }),
);
await unusedWeight.run(new Map([['x', one]]));
await unusedWeight.dispose();

let refused = 0;
const count = (): number => refused++;
await engine
  .load(graph({ inputs, outputs: [['y', 'float32']], nodes: [node('Relu', ['nowhere'], ['y'])] }))
  .catch(count);
const reshape = await engine.load(
  graph({
    inputs,
    outputs: [['y', 'float32']],
    nodes: [node('Reshape', ['x', 'dims'], ['y'])],
    initializers: { dims: tensor(literal([1], [7]), 'int64') },
  }),
);
await reshape.run(new Map([['x', one]])).catch(count);
process.stdout.write(`${refused} refused\n`);
