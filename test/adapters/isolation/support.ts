import { fileURLToPath } from 'node:url';
import type { ModelJob } from '../../../core/ports/runner.js';
import type { Shard, ShardFeatures } from '../../../core/scan/features.js';
import { cascade1 } from '../../../core/scan/profiles.js';

export const scriptedHost = fileURLToPath(new URL('./scripted-host.js', import.meta.url));

/** @param path `<name>` or `<name>:<deed>`, see the scripted host. */
export function jobFor(path: string): ModelJob {
  return {
    path,
    images: { kind: 'raw', digest: '', count: 1, labels: [undefined], dims: [1, 2], data: Float32Array.of(1, 2) },
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 1e6, maxRunBytes: 1e6 },
  };
}

export function shardOf(deed: string): Shard {
  return { id: deed, classes: { start: 0, end: 1 }, images: { start: 0, end: 1 } };
}

/** Which process ran a shard of the scripted host. */
export function pidOf({ values }: ShardFeatures): number {
  return values.get('guided.gain')![0]!;
}

/** How many models that process had opened by then. */
export function opensOf({ values }: ShardFeatures): number {
  return values.get('guided.gain')![1]!;
}
