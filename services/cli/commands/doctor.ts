import { exitCodes } from '../exit-codes.js';
import { examine, type Check } from '../doctor/examine.js';
import { doctorOptions } from '../options/index.js';
import { write } from '../process.js';
import { resolveSettings } from '../config/resolve.js';
import { packageVersion } from '../../common/version.js';
import type { CommandCall } from './command.js';

/** Exit code 0 when models can be scanned on this machine. */
export async function doctor({ flags, environment, terminal }: CommandCall): Promise<number> {
  const settings = await resolveSettings(doctorOptions, { flags, environment });
  const checks = await examine(settings.cacheDir);
  const works = checks.every(({ state }) => state !== 'broken');
  const version = packageVersion();
  const text =
    settings.format === 'json'
      ? `${JSON.stringify({ version, works, checks }, undefined, 2)}\n`
      : table(version, works, checks);
  await write(terminal.stdout, text);
  return works ? exitCodes.clean : exitCodes.failed;
}

const marks: Readonly<Record<Check['state'], string>> = { ok: 'ok', info: '', missing: '--', broken: 'FAIL' };

function table(version: string, works: boolean, checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, state, value, hint }) => [
    `  ${marks[state].padEnd(4)}  ${name.padEnd(width)}  ${value}`,
    ...(hint ? [`  ${' '.repeat(6 + width)}  ${hint}`] : []),
  ]);
  const conclusion = works ? 'Models can be scanned on this machine.' : 'Models cannot be scanned: see FAIL above.';
  return [`neuroninspect ${version}`, '', ...lines, '', conclusion, ''].join('\n');
}
