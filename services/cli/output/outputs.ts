import { constants } from 'node:fs';
import { access, open, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ScanError } from '../../../core/scan/errors.js';
import { formatOf, type FormatName } from '../options/output.js';

/** A report to write; without a file it goes to stdout. */
export interface Output {
  readonly format: FormatName;
  readonly file?: string | undefined;
}

/** @throws ScanError `usage` when two reports would go to one file. */
export function outputsOf(settings: {
  readonly format?: FormatName | undefined;
  readonly output?: string | undefined;
  readonly report: readonly { readonly format: FormatName; readonly file: string }[];
}): Output[] {
  const { format, output, report } = settings;
  const main: Output = { format: format ?? formatOf(output ?? '') ?? 'table', file: output };
  const outputs = [main, ...report];
  const files = outputs.flatMap(({ file }) => (file === undefined ? [] : [resolve(file)]));
  const twice = files.find((file, index) => files.indexOf(file) !== index);
  if (twice !== undefined) throw new ScanError('usage', `two reports would be written to ${twice}`);
  return outputs;
}

/**
 * Finds out before a long scan that a report could not be written after it.
 * @throws ScanError `output-unwritable`.
 */
export async function checkOutputs(outputs: readonly Output[]): Promise<void> {
  for (const { file } of outputs) if (file !== undefined) await checkWritable(file);
}

/** @throws ScanError `output-unwritable` naming the file and the reason. */
export async function checkWritable(file: string): Promise<void> {
  const info = await stat(file).catch(() => undefined);
  if (info?.isDirectory()) throw unwritable(file, 'it is a folder');
  try {
    if (info) {
      await access(file, constants.W_OK);
      return;
    }
    // Only making the file tells for sure: a folder may be on a read-only disk.
    await (await open(file, 'ax')).close();
    await rm(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `there is no folder ${dirname(file)}` : (error as Error).message;
    throw unwritable(file, why, error);
  }
}

function unwritable(file: string, why: string, cause?: unknown): ScanError {
  return new ScanError('output-unwritable', `cannot write ${file}: ${why}`, { cause });
}
