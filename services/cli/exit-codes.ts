import { isFailing, type FailOn } from '../../core/report/format.js';
import { notScannableCodes, type ScanErrorCode } from '../../core/scan/errors.js';
import type { ScanResult, Severity } from '../../core/scan/result.js';

export const exitCodes = {
  clean: 0,
  finding: 1,
  failed: 2,
  nothingScannable: 3,
  usage: 4,
  interrupted: 130,
  terminated: 143,
} as const;

/** A finding goes before a failure: who gates on 1 must not lose it because another model was broken. */
export function exitCodeOf(results: readonly ScanResult[], failOn: FailOn): number {
  if (results.some((result) => isFailing(result, failOn))) return exitCodes.finding;
  if (results.every(isNotScannable)) return exitCodes.nothingScannable;
  if (results.some(({ verdict }) => verdict === 'inconclusive')) return exitCodes.failed;
  return exitCodes.clean;
}

function isNotScannable({ reason }: ScanResult): boolean {
  return (
    reason !== undefined && (reason.code === 'model-not-found' || notScannableCodes.has(reason.code as ScanErrorCode))
  );
}

/** The same for `inspect`, in which an error of a static check is a finding; warnings and notes are none. */
export function exitCodeOfInspection(
  entries: readonly {
    readonly obstacle?: { readonly code: ScanErrorCode } | undefined;
    readonly survey?: { readonly findings: readonly { readonly severity: Severity }[] } | undefined;
  }[],
): number {
  const broken = entries.some(({ survey }) => survey?.findings.some(({ severity }) => severity === 'error'));
  if (broken) return exitCodes.finding;
  const unscannable = (code: ScanErrorCode): boolean => code === 'model-not-found' || notScannableCodes.has(code);
  if (entries.every(({ obstacle }) => obstacle && unscannable(obstacle.code))) return exitCodes.nothingScannable;
  return entries.some(({ obstacle }) => obstacle) ? exitCodes.failed : exitCodes.clean;
}

/** What a command that did not even start exits with. */
export function exitCodeOfError(code: ScanErrorCode): number {
  if (code === 'usage' || code === 'output-unwritable' || code.startsWith('images-')) return exitCodes.usage;
  if (code === 'model-not-found' || notScannableCodes.has(code)) return exitCodes.nothingScannable;
  return exitCodes.failed;
}
