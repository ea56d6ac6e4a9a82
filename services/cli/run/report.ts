import { runReport } from '../../../core/report/format.js';
import type { ScanResult } from '../../../core/scan/result.js';
import type { CommandCall } from '../commands/command.js';
import { exitCodeOf, exitCodes } from '../exit-codes.js';
import { applyIgnores } from '../ignore/apply-ignores.js';
import { shellCommand } from '../output/shell-command.js';
import { writeReports } from '../output/write-reports.js';
import { packageVersion } from '../../common/version.js';
import type { JudgeSettings, Run } from './prepare.js';

/** Applies the ignore file and writes all reports. @returns the exit code. */
export async function reportRun(
  call: CommandCall,
  settings: JudgeSettings,
  { startedAt, ignores, outputs }: Run,
  results: readonly ScanResult[],
): Promise<number> {
  const { results: marked, warnings } = applyIgnores(results, ignores, startedAt.toISOString().slice(0, 10));
  const report = runReport({
    tool: { name: 'neuroninspect', version: packageVersion() },
    startedAt: startedAt.toISOString(),
    results: marked,
    failOn: ({ suspicious: 'warning', backdoored: 'error', never: 'never' } as const)[settings.failOn],
    warnings,
    command: shellCommand(call.commandLine),
  });
  const written = await writeReports(report, outputs, {
    terminal: call.terminal,
    colour: settings.color && !call.environment.NO_COLOR,
  });
  const code = exitCodeOf(marked, report.failOn);
  return written || code === exitCodes.finding ? code : exitCodes.failed;
}
