import { createTfjsEngine } from '../../../../adapters/engines/tfjs/index.js';
import { runEngineContract } from '../../../contract/engine.js';

for (const provider of ['wasm', 'cpu'] as const) {
  runEngineContract({ name: `tfjs ${provider}`, newEngine: () => createTfjsEngine({ provider }) });
}
