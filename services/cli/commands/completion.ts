import { ScanError } from '../../../core/scan/errors.js';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { zshScript } from '../completion/zsh.js';
import { nearest } from '../config/nearest.js';
import { write } from '../process.js';
import type { CommandCall, CommandSpec } from './command.js';

const scripts: Readonly<Record<string, (commands: readonly CommandSpec[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export async function completion({ args, commands, terminal }: CommandCall): Promise<number> {
  const [shell = ''] = args;
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (!script) {
    const near = nearest(shell, Object.keys(scripts));
    throw new ScanError(
      'usage',
      `no completion for "${shell}": ${near ? `did you mean ${near}?` : 'bash, zsh and fish are known'}`,
    );
  }
  await write(terminal.stdout, script(commands));
  return 0;
}
