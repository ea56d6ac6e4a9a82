import type { CommandSpec } from '../commands/command.js';
import type { Option } from '../options/option.js';
import { flagOf } from '../options/option.js';

/** A flag as a shell needs it. */
export interface CompletionFlag {
  /** `--fail-on` */
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  readonly takesValue: boolean;
  readonly repeatable: boolean;
  /** Values to offer; without them, file names are offered where the value is a path. */
  readonly choices: readonly string[];
  readonly isPath: boolean;
}

export function completionFlags(command: CommandSpec): CompletionFlag[] {
  const options = Object.entries<Option<unknown>>(command.options).map(([name, option]) => ({
    long: flagOf(name, option),
    short: option.short && `-${option.short}`,
    description: firstSentence(option.description),
    takesValue: option.value !== undefined,
    repeatable: option.kind === 'texts',
    choices: option.choices ?? [],
    isPath: /^(PATH|FILE|DIR)$/.test(option.value ?? ''),
  }));
  const help: CompletionFlag = {
    long: '--help',
    short: '-h',
    description: 'print help',
    takesValue: false,
    repeatable: false,
    choices: [],
    isPath: false,
  };
  return [...options, help];
}

function firstSentence(text: string): string {
  return text.split(/[.;:](?: |$)/)[0]!;
}
