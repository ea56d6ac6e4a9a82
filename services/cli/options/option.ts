import type { z, ZodType } from 'zod';

/** Schemas are made on demand: `--help` and completion must not wait for the validation library. */
export type Zod = typeof z;

/**
 * One option, said once: the flag, the config key and the environment variable follow from its name in the table, and
 * help, checking and the published config schema from the rest.
 */
export interface Option<T> {
  readonly group: OptionGroup;
  readonly description: string;
  /** How a flag's or variable's text is read before the schema sees it. */
  readonly kind: 'text' | 'number' | 'boolean' | 'texts' | 'numbers';
  /** Placeholder in the help, e.g. `FILE`; a boolean has none. */
  readonly value?: string;
  readonly short?: string;
  readonly choices?: readonly string[];
  /** Completes a sentence: "--workers must be ...". */
  readonly expects: string;
  /** As it would be written in the config file. Undefined: the option may be left out. */
  readonly default?: unknown;
  /** What the help says of the default where it is not a constant. */
  readonly defaultText?: string;
  /** Makes no sense in a config file or the environment. */
  readonly flagOnly?: boolean;
  /** Its input is what a config file may say, its output what the program works with. */
  readonly schema: (zod: Zod) => ZodType<T>;
}

export const optionGroups = [
  'Images',
  'Preprocessing',
  'Model',
  'Detection',
  'Output',
  'Engine',
  'Pipeline',
  'Other',
] as const;
export type OptionGroup = (typeof optionGroups)[number];

// A table's options have different types; `any` keeps each one's own.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type OptionTable = Readonly<Record<string, Option<any>>>;

export type SettingsOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

/** `failOn` -> `fail-on`: the flag without dashes, and the key in the config file. */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `failOn` -> `--fail-on`; a switch that is on by default is offered as `--no-cache`. */
export function flagOf(name: string, option: Option<unknown>): string {
  return `--${option.kind === 'boolean' && option.default === true ? 'no-' : ''}${keyOf(name)}`;
}

/** `failOn` -> `NEURONINSPECT_FAIL_ON`. */
export function variableOf(name: string): string {
  return `NEURONINSPECT_${keyOf(name).replaceAll('-', '_').toUpperCase()}`;
}

export function oneOf<const Choice extends string>(
  choices: readonly Choice[],
): { choices: readonly Choice[]; expects: string; kind: 'text'; schema: (zod: Zod) => ZodType<Choice> } {
  return {
    choices,
    kind: 'text',
    expects: `one of ${choices.join(', ')}`,
    schema: (z) => z.enum(choices),
  };
}
