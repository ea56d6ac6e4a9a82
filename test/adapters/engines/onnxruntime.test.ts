import { createOnnxruntimeEngine } from '../../../adapters/engines/onnxruntime/index.js';
import { runEngineContract } from '../../contract/engine.js';

runEngineContract({ name: 'onnxruntime', newEngine: () => createOnnxruntimeEngine({ provider: 'cpu' }) });
