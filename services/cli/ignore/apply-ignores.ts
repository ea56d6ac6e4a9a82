import type { Finding, ScanResult } from '../../../core/scan/result.js';
import type { IgnoreEntry, IgnoreFile } from './ignore-file.js';

/**
 * Marks the findings that an entry covers; they stay in the report and do not count for --fail-on. Entries that have
 * expired, and entries that could have matched in this run and did not, are worth a warning.
 * @param today `YYYY-MM-DD`, UTC
 */
export function applyIgnores(
  results: readonly ScanResult[],
  file: IgnoreFile | undefined,
  today: string,
): { results: ScanResult[]; warnings: string[] } {
  const entries = file?.entries ?? [];
  const used = new Set<IgnoreEntry>();
  const ignore = (result: ScanResult, finding: Finding): Finding => {
    const matching = entries.filter((entry) => covers(entry, result, finding));
    for (const entry of matching) used.add(entry);
    const valid = matching.find((entry) => !isExpired(entry, today));
    return valid ? { ...finding, ignored: { statement: valid.statement, expires: valid.expires } } : finding;
  };
  const marked = results.map((result) => ({
    ...result,
    findings: result.findings.map((finding) => ignore(result, finding)),
  }));
  const warnings = entries.flatMap((entry, index) => {
    const place = `${file!.path}, entry ${index + 1} (${entry.statement})`;
    if (isExpired(entry, today)) return [`${place} expired on ${entry.expires}: renew or remove it`];
    if (!used.has(entry) && couldMatch(entry, results)) return [`${place} matches no finding of this run: remove it`];
    return [];
  });
  return { results: marked, warnings };
}

function covers({ id, digest, classes }: IgnoreEntry, { model }: ScanResult, finding: Finding): boolean {
  return (
    (id === undefined || id === finding.rule) &&
    (digest === undefined || digest === model.digest) &&
    (classes === undefined || classes.includes(finding.classIndex))
  );
}

/** An entry for a model that is not in this run, or that could not be judged, is not stale for that. */
function couldMatch({ digest }: IgnoreEntry, results: readonly ScanResult[]): boolean {
  return results.some(
    ({ verdict, model }) => verdict !== 'inconclusive' && (digest === undefined || digest === model.digest),
  );
}

function isExpired({ expires }: IgnoreEntry, today: string): boolean {
  return expires !== undefined && expires < today;
}
