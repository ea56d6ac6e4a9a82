import { addOne } from '../../../adapters/engines/add-one.js';
import { createEngine } from '../../../adapters/engines/create.js';
import type { EngineChoice } from '../../../adapters/engines/names.js';

// Runs as a process of its own: a driver may print what it likes, or crash.
const [engine, provider] = process.argv.slice(2) as [EngineChoice['engine'], EngineChoice['provider']];
const problem = await addOne(createEngine({ engine, provider }, 1)).then(
  () => null,
  (error: unknown) => (error instanceof Error ? error.message : String(error)),
);
process.send?.({ problem }, () => process.exit());
