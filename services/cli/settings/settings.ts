import type { CommandCall } from '../commands/command.js';
import { readConfigFile } from '../config/file.js';
import { nearest } from '../config/nearest.js';
import { resolveSettings } from '../config/resolve.js';
import { configOption, configurableOptions } from '../options/index.js';
import { keyOf, variableOf, type OptionTable, type SettingsOf } from '../options/option.js';
import { write } from '../process.js';

/** The settings of one call: flags over environment over config file over defaults. @throws ScanError `usage`. */
export async function settingsOf<Table extends OptionTable>(
  table: Table,
  call: Pick<CommandCall, 'flags' | 'environment' | 'terminal'>,
): Promise<SettingsOf<Table>> {
  const { flags, environment, terminal } = call;
  for (const remark of mistypedVariables(environment)) await write(terminal.stderr, `neuroninspect: ${remark}\n`);
  const { config } = await resolveSettings({ config: configOption }, { flags, environment });
  const file = await readConfigFile(config, Object.keys(configurableOptions).map(keyOf));
  return resolveSettings(table, { flags, environment, file });
}

/** The environment belongs to everyone, so an unknown variable is an error only in the eyes of its author. */
function mistypedVariables(environment: CommandCall['environment']): string[] {
  const known = ['config', ...Object.keys(configurableOptions)].map(variableOf);
  return Object.keys(environment)
    .filter((name) => name.startsWith('NEURONINSPECT_') && !known.includes(name))
    .flatMap((name) => {
      const near = nearest(
        name.slice('NEURONINSPECT_'.length),
        known.map((variable) => variable.slice('NEURONINSPECT_'.length)),
      );
      return near ? [`warning: ${name} sets nothing; did you mean NEURONINSPECT_${near}?`] : [];
    });
}
