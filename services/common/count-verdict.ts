import type { Metrics } from '../../adapters/metrics/registry.js';
import type { ReachedVerdict } from '../../core/pipeline/index.js';

/** Counts a verdict in the one process that gave it. */
export function countVerdict(metrics: Metrics, { result, lane, seconds }: ReachedVerdict): void {
  metrics.inc('scans', { verdict: result.verdict, code: result.reason?.code ?? 'none' });
  for (const { rule } of result.findings) metrics.inc('findings', { rule });
  metrics.observe('scanSeconds', { lane }, seconds);
}
