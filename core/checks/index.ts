import type { Check, CheckFinding, CheckSubject, StaticFinding } from './check.js';
import { customOp } from './custom-op.js';
import { embeddedData } from './embedded-data.js';
import { externalData } from './external-data.js';
import { finalLayerOutlier } from './final-layer-outlier.js';
import { metadata } from './metadata.js';
import { weightsNonFinite } from './weights-non-finite.js';

export type { BoundGraph, Check, CheckSubject, StaticFinding } from './check.js';

/** All static checks, the most serious first. */
export const checks: readonly Check[] = [
  weightsNonFinite,
  customOp,
  embeddedData,
  externalData,
  finalLayerOutlier,
  metadata,
];

/** What all checks find, a bounded number of findings of each. */
export function runChecks(subject: CheckSubject): StaticFinding[] {
  return checks.flatMap(({ id, run }) => {
    const found = run(subject).map((finding) => ({ check: id, ...bounded(finding) }));
    const [first] = found;
    if (first === undefined || found.length <= maxPerCheck) return found;
    const { severity } = first;
    return [
      ...found.slice(0, maxPerCheck),
      { check: id, severity, message: `${found.length - maxPerCheck} more findings of this check` },
    ];
  });
}

const maxPerCheck = 20;

/** Names of tensors may be long; what is found travels with the scan. */
function bounded({ severity, message, place }: CheckFinding): CheckFinding {
  return { severity, message: cut(message, 1000), ...(place === undefined ? {} : { place: cut(place, 300) }) };
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 3)}...` : text;
}
