import type { ScanResult, StaticFinding } from '../scan/result.js';

/** What static checks found that no classifier needs; nearly every model has notes, which only the full reports show. */
export function notableChecks({ checks = [] }: ScanResult): StaticFinding[] {
  return checks.filter(({ severity }) => severity !== 'note');
}
