import { ScanError } from '../../core/scan/errors.js';

/** The engines and what each can compute with, without loading any of them. */
export const engineProviders = {
  onnxruntime: ['cpu', 'cuda', 'webgpu', 'auto'],
  tfjs: ['gpu', 'node', 'wasm', 'cpu', 'auto'],
} as const;

export const engineNames = ['onnxruntime', 'tfjs'] as const;
export type EngineName = (typeof engineNames)[number];

export const providerNames = ['cpu', 'cuda', 'webgpu', 'gpu', 'node', 'wasm', 'auto'] as const;
export type ProviderName = (typeof providerNames)[number];

export interface EngineChoice {
  readonly engine: EngineName;
  readonly provider: ProviderName;
}

/** What is computed with where nothing is said: plain JavaScript is no sensible choice of tfjs where there is another. */
export function defaultProvider(engine: EngineName): ProviderName {
  return engine === 'onnxruntime' ? 'cpu' : 'auto';
}

/** @throws ScanError `usage` for a provider of the other engine. */
export function chooseEngine(engine: EngineName, provider = defaultProvider(engine)): EngineChoice {
  const problem = mismatch(engine, provider);
  if (problem !== undefined) throw new ScanError('usage', `--provider ${provider}: ${problem}`);
  return { engine, provider };
}

/** Why the two do not go together. */
export function mismatch(engine: EngineName, provider: ProviderName): string | undefined {
  const own: readonly string[] = engineProviders[engine];
  if (own.includes(provider)) return undefined;
  const other = engineNames.find((name) => (engineProviders[name] as readonly string[]).includes(provider))!;
  return `the engine ${engine} has no such provider, it has ${own.join(', ')}; ${provider} belongs to the engine ${other}`;
}
