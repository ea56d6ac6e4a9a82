import type { CommandSpec } from '../commands/command.js';
import { completionFlags, type CompletionFlag } from './model.js';

export function zshScript(commands: readonly CommandSpec[]): string {
  return `#compdef neuroninspect
# zsh completion for neuroninspect
_neuroninspect() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${escapeColons(summary)}`)}`).join('\n')}
    'help:print the help of a command'
  )
  if (( CURRENT == 2 )); then
    _describe -t commands 'neuroninspect command' commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case "$command" in
${commands.map(commandCase).join('\n')}
    help)
      _describe -t commands 'neuroninspect command' commands ;;
  esac
}
compdef _neuroninspect neuroninspect
`;
}

function commandCase(command: CommandSpec): string {
  const { argument } = command;
  const specs = completionFlags(command).flatMap(flagSpecs);
  const rest = argument?.choices ? [`1:shell:(${argument.choices.join(' ')})`] : argument ? ['*:file:_files'] : [];
  const lines = [...specs, ...rest].map((spec) => ` \\\n        ${quote(spec)}`);
  return `    ${command.name})\n      _arguments${lines.join('')} ;;`;
}

function flagSpecs(flag: CompletionFlag): string[] {
  const action = flag.choices.length > 0 ? `(${flag.choices.join(' ')})` : flag.isPath ? '_files' : ' ';
  const value = flag.takesValue ? `:value:${action}` : '';
  const description = escapeColons(flag.description).replace(/[[\]]/g, '\\$&');
  return [flag.long, ...(flag.short ? [flag.short] : [])].map(
    (name) => `${flag.repeatable ? '*' : ''}${name}[${description}]${value}`,
  );
}

function escapeColons(text: string): string {
  return text.replaceAll(':', '\\:');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
