import type { CommandSpec } from '../commands/command.js';
import { completionFlags } from './model.js';

export function fishScript(commands: readonly CommandSpec[]): string {
  const lines = [
    '# fish completion for neuroninspect',
    `complete -c neuroninspect -n __fish_use_subcommand -f -l help -s h -d 'print help'`,
    `complete -c neuroninspect -n __fish_use_subcommand -f -l version -s V -d 'print the version'`,
    ...commands.map(
      ({ name, summary }) => `complete -c neuroninspect -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ),
  ];
  for (const command of commands) {
    const when = `-n '__fish_seen_subcommand_from ${command.name}'`;
    if (command.argument?.choices) {
      lines.push(`complete -c neuroninspect ${when} -f -a ${quote(command.argument.choices.join(' '))}`);
    }
    for (const flag of completionFlags(command)) {
      const value = !flag.takesValue
        ? ''
        : flag.choices.length > 0
          ? ` -x -a ${quote(flag.choices.join(' '))}`
          : flag.isPath
            ? ' -r'
            : ' -x';
      const short = flag.short ? ` -s ${flag.short.slice(1)}` : '';
      lines.push(
        `complete -c neuroninspect ${when} -l ${flag.long.slice(2)}${short}${value} -d ${quote(flag.description)}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
