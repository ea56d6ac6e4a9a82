import type { CommandSpec } from '../commands/command.js';
import { completionFlags } from './model.js';

export function bashScript(commands: readonly CommandSpec[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  return `# bash completion for neuroninspect
_neuroninspect() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W '${names} help --help --version' -- "$current"))
    return
  fi
  case "$command" in
${commands.map(commandCase).join('\n')}
    help)
      COMPREPLY=($(compgen -W '${names}' -- "$current")) ;;
  esac
}
complete -o filenames -o bashdefault -F _neuroninspect neuroninspect
`;
}

function commandCase(command: CommandSpec): string {
  const flags = completionFlags(command);
  const values = flags
    .filter((flag) => flag.takesValue)
    .map((flag) => {
      const names = flag.short ? `${flag.long}|${flag.short}` : flag.long;
      if (flag.choices.length > 0) {
        return `        ${names}) COMPREPLY=($(compgen -W '${flag.choices.join(' ')}' -- "$current")); return ;;`;
      }
      return `        ${names}) ${flag.isPath ? 'COMPREPLY=($(compgen -f -- "$current")); ' : ''}return ;;`;
    });
  const words = flags.map((flag) => flag.long).join(' ');
  const argument = command.argument?.choices
    ? `COMPREPLY=($(compgen -W '${command.argument.choices.join(' ')}' -- "$current"))`
    : 'COMPREPLY=($(compgen -f -- "$current"))';
  const branches = values.length > 0 ? `      case "$previous" in\n${values.join('\n')}\n      esac\n` : '';
  return `    ${command.name})
${branches}      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '${words}' -- "$current"))
      else
        ${argument}
      fi ;;`;
}
