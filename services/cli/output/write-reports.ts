import { writeFile } from 'node:fs/promises';
import type { RenderContext, RunReport } from '../../../core/report/format.js';
import { reportFormats } from '../../../core/report/index.js';
import { printableLines } from '../../../core/report/text.js';
import type { Terminal } from '../commands/command.js';
import { write } from '../process.js';
import { describeResult } from '../progress/index.js';
import { encodeImage } from '../../common/encode-image.js';
import type { Output } from './outputs.js';

/**
 * Writes every report. One that cannot be written keeps none of the others from it; the results are then told on stderr
 * in short, because hours may have gone into them.
 * @returns false when a report could not be written.
 */
export async function writeReports(
  report: RunReport,
  outputs: readonly Output[],
  { terminal, colour }: { readonly terminal: Terminal; readonly colour: boolean },
): Promise<boolean> {
  const { stdout, stderr } = terminal;
  const failures: string[] = [];
  for (const { format, file } of outputs) {
    const toTerminal = file === undefined && stdout.isTTY;
    const context: RenderContext = {
      colour: colour && toTerminal,
      // A terminal may not know its width and say 0.
      width: toTerminal && stdout.columns > 0 ? stdout.columns : 100,
      encodeImage,
    };
    try {
      const text = await reportFormats.get(format)!.render(report, context);
      if (file === undefined) await write(stdout, text);
      else await writeFile(file, text);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      failures.push(`the ${format} report was not written to ${file ?? 'stdout'}: ${text}`);
    }
  }
  const tableShown = outputs.some(({ format, file }) => format === 'table' && file === undefined);
  if (!tableShown)
    for (const warning of report.warnings) await write(stderr, `neuroninspect: warning: ${printableLines(warning)}\n`);
  for (const failure of failures) await write(stderr, `neuroninspect: ${printableLines(failure)}\n`);
  if (failures.length > 0) for (const result of report.results) await write(stderr, `${describeResult(result)}\n`);
  return failures.length === 0;
}
