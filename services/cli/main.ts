#!/usr/bin/env node
import { CommanderError } from 'commander';
import { printableLines } from '../../core/report/text.js';
import { asScanError } from '../../core/scan/errors.js';
import { commands } from './commands/index.js';
import { exitCodeOfError, exitCodes } from './exit-codes.js';
import { onInterrupt, quietOnClosedPipe } from './process.js';
import { buildProgram } from './program.js';
import { packageVersion } from '../common/version.js';

quietOnClosedPipe(process.stdout, process.stderr);
process.exitCode = await main(process.argv.slice(2));

async function main(commandLine: readonly string[]): Promise<number> {
  const interrupt = onInterrupt(process);
  let code: number = exitCodes.clean;
  const program = buildProgram(commands, packageVersion(), async (run, args, flags) => {
    const { stdout, stderr, env: environment } = process;
    const { signal } = interrupt;
    code = await run({ args, flags, environment, commandLine, commands, terminal: { stdout, stderr }, signal });
  });
  try {
    await program.parseAsync(commandLine, { from: 'user' });
    return interrupt.exitCode() ?? code;
  } catch (thrown) {
    // Commander has printed its message already; help and version are reported as errors of code 0.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.clean : exitCodes.usage;
    const error = asScanError(thrown);
    process.stderr.write(`neuroninspect: ${printableLines(error.message)}\n`);
    if (error.code === 'internal' && thrown instanceof Error)
      process.stderr.write(`${printableLines(thrown.stack ?? '')}\n`);
    return interrupt.exitCode() ?? exitCodeOfError(error.code);
  } finally {
    interrupt.release();
  }
}
