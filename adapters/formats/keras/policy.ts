import type { Refusals } from './errors.js';
import { isObject, type Settings } from './settings.js';

/**
 * Computation is in float32 whatever the policy: half-precision weights are widened, which is exact.
 * @throws ScanError for quantised layers.
 */
export function checkPolicy(settings: Settings, title: string, refuse: Refusals): void {
  const quantised = (how: string): never =>
    refuse.unsupported(`${title} is quantised (${how}); save the model before it is quantised`);
  const policy = settings.raw('dtype');
  const name = typeof policy === 'string' ? policy : isObject(policy) ? nameOf(policy) : 'float32';
  if (name === undefined || !floats.has(name)) quantised(name ?? 'an unknown dtype policy');
  if (settings.has('quantization_config')) quantised('quantization_config');
}

function nameOf(policy: Readonly<Record<string, unknown>>): string | undefined {
  const config = Object.hasOwn(policy, 'config') ? policy.config : undefined;
  const name = isObject(config) && Object.hasOwn(config, 'name') ? config.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

const floats: ReadonlySet<string> = new Set([
  'float32',
  'float64',
  'float16',
  'bfloat16',
  'mixed_float16',
  'mixed_bfloat16',
]);
