import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import type { Provider } from '../../../adapters/engines/onnxruntime/provider.js';
import { addOne } from '../../../adapters/engines/add-one.js';

// Runs as a process of its own: a driver may print what it likes, or crash.
const provider = process.argv[2] as Provider;
const problem = await addOne(createOnnxruntimeEngine({ provider })).then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
process.send?.({ problem }, () => process.exit());
