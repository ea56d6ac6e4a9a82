import { Command, Option as Flag } from 'commander';
import type { CommandRun, CommandSpec } from './commands/command.js';
import type { Option } from './options/option.js';
import { flagOf, optionGroups } from './options/option.js';

export type Invoke = (run: CommandRun, args: readonly string[], flags: Record<string, unknown>) => Promise<void>;

/** The command line as commander sees it, built from the command and option tables. */
export function buildProgram(commands: readonly CommandSpec[], version: string, invoke: Invoke): Command {
  const program = new Command('neuroninspect')
    .description('Finds backdoors in image classifiers from a handful of clean images.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .addHelpText('after', examplesOf(commands.slice(0, 4).map((command) => command.examples[0]!)))
    .exitOverride();
  for (const command of commands) program.addCommand(subcommand(command, invoke));
  return program;
}

function subcommand(spec: CommandSpec, invoke: Invoke): Command {
  const command = new Command(spec.name)
    .summary(spec.summary)
    .description(spec.description)
    .showSuggestionAfterError()
    .showHelpAfterError(`(neuroninspect ${spec.name} --help shows all options)`)
    .exitOverride();
  if (spec.argument) command.argument(spec.argument.syntax, spec.argument.description);
  const options = Object.entries<Option<unknown>>(spec.options);
  for (const group of optionGroups) {
    for (const [name, option] of options) {
      if (option.group === group) command.addOption(flag(name, option).helpGroup(`${group}:`));
    }
  }
  command.addHelpOption(new Flag('-h, --help', 'Print this help.').helpGroup('Other:'));
  command.addHelpText('after', examplesOf(spec.examples) + (spec.notes ? `\n${spec.notes}\n` : ''));
  command.action(async (...received: unknown[]) => {
    // Commander passes the arguments, then the options, then the command.
    const args = received.slice(0, -2).flat() as string[];
    const given = Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === 'cli');
    await invoke(await spec.load(), args, Object.fromEntries(given));
  });
  return command;
}

function flag(name: string, option: Option<unknown>): Flag {
  const short = option.short ? `-${option.short}, ` : '';
  const value = option.value ? ` <${option.value}>` : '';
  const made = new Flag(`${short}${flagOf(name, option)}${value}`, helpOf(option));
  if (option.kind === 'texts')
    made.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
  return made;
}

function helpOf({ description, choices, defaultText, default: byDefault }: Option<unknown>): string {
  const shown = defaultText ?? (typeof byDefault === 'string' ? byDefault : undefined);
  const facts = [
    ...(choices ? [`one of: ${choices.join(', ')}`] : []),
    ...(shown === undefined ? [] : [`default: ${shown}`]),
  ];
  return facts.length > 0 ? `${description} (${facts.join('; ')})` : description;
}

function examplesOf(examples: CommandSpec['examples']): string {
  const lines = examples.map(({ line, what }) => `  # ${what}\n  neuroninspect ${line}\n`);
  return `\nExamples:\n${lines.join('')}`;
}
