import type { Engine } from '../../core/ports/engine.js';
import type { EngineChoice } from './names.js';
import { createOnnxruntimeEngine } from './onnxruntime/index.js';
import type { Provider } from './onnxruntime/provider.js';
import type { TfjsProvider } from './tfjs/provider.js';

/** @param choice as {@link chooseEngine} returns it: engine and provider go together */
export function createEngine({ engine, provider }: EngineChoice, threads: number): Engine {
  return engine === 'onnxruntime'
    ? createOnnxruntimeEngine({ provider: provider as Provider | 'auto', threads })
    : lazyTfjsEngine(provider as TfjsProvider | 'auto', threads);
}

/** The interpreter is many files, which processes that use the other engine do not load. */
function lazyTfjsEngine(provider: TfjsProvider | 'auto', threads: number): Engine {
  let made: Engine | undefined;
  return {
    get info() {
      return made?.info ?? { name: 'tfjs', version: 'not loaded', provider, threads };
    },
    load: async (program) => {
      const { createTfjsEngine } = await import('./tfjs/index.js');
      made ??= createTfjsEngine({ provider, threads });
      return made.load(program);
    },
  };
}
