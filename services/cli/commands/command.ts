import type { OptionTable } from '../options/option.js';

/** A sub-command. What it needs is imported by `load`, so that help and completion load nothing heavy. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly argument?: {
    /** As commander writes it: `<models...>`. */
    readonly syntax: string;
    readonly description: string;
    readonly choices?: readonly string[];
  };
  readonly options: OptionTable;
  /** Takes settings from a config file. */
  readonly configurable: boolean;
  readonly examples: readonly { readonly line: string; readonly what: string }[];
  readonly notes?: string;
  readonly load: () => Promise<CommandRun>;
}

/** @returns the exit code. @throws ScanError `usage` and what stands in the way of starting at all. */
export type CommandRun = (call: CommandCall) => Promise<number>;

export interface CommandCall {
  readonly args: readonly string[];
  /** Only what stands on the command line, by option name. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The words after the program's name. */
  readonly commandLine: readonly string[];
  /** All of them, for completion. */
  readonly commands: readonly CommandSpec[];
  readonly terminal: Terminal;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface Terminal {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}
