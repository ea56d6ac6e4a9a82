import { ScanError } from '../../../core/scan/errors.js';
import type { Option, OptionTable, SettingsOf, Zod } from '../options/option.js';
import { flagOf, keyOf, variableOf } from '../options/option.js';
import { nearest } from './nearest.js';

export interface Sources {
  /** As the command line parser gives them, by option name. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** By config key, e.g. `fail-on`; undefined without a config file. */
  readonly file?: { readonly path: string; readonly values: Readonly<Record<string, unknown>> } | undefined;
}

/**
 * Each option's value from the first source that has one: flag, environment variable, config file, default.
 * @throws ScanError `usage` naming the source, the value and what is expected.
 */
export async function resolveSettings<Table extends OptionTable>(
  table: Table,
  sources: Sources,
): Promise<SettingsOf<Table>> {
  const { z } = await import('zod');
  const entries = Object.entries(table).map(([name, option]) => [name, resolve(z, name, option, sources)]);
  return Object.fromEntries(entries) as SettingsOf<Table>;
}

function resolve(z: Zod, name: string, option: Option<unknown>, sources: Sources): unknown {
  const { source, value } = find(name, option, sources);
  const parsed = option.schema(z).safeParse(value);
  if (parsed.success) return parsed.data;
  const near = typeof value === 'string' ? nearest(value, option.choices ?? []) : undefined;
  throw new ScanError(
    'usage',
    `${source} must be ${option.expects}, not ${show(value)}${near ? `; did you mean ${near}?` : ''}`,
  );
}

function find(name: string, option: Option<unknown>, sources: Sources): { source: string; value: unknown } {
  const flag = sources.flags[name];
  if (flag !== undefined) return { source: flagOf(name, option), value: fromText(flag, option.kind) };
  if (!option.flagOnly) {
    const variable = sources.environment[variableOf(name)];
    if (variable !== undefined && variable !== '') {
      return { source: variableOf(name), value: fromText(variable, option.kind) };
    }
    const { file } = sources;
    if (file && keyOf(name) in file.values) {
      return { source: `${keyOf(name)} in ${file.path}`, value: fromFile(file.values[keyOf(name)], option.kind) };
    }
  }
  return { source: flagOf(name, option), value: option.default };
}

/** Text that is not of the option's kind is left as it is: the schema refuses it and the message shows it. */
function fromText(raw: unknown, kind: Option<unknown>['kind']): unknown {
  if (Array.isArray(raw)) return kind === 'texts' ? raw : raw.map((item) => fromText(item, kind));
  if (typeof raw !== 'string') return raw;
  switch (kind) {
    case 'number':
      return toNumber(raw);
    case 'numbers':
      return raw.split(',').map(toNumber);
    case 'boolean':
      return toBoolean(raw);
    case 'texts':
      return raw
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'text':
      return raw;
  }
}

/** A single value stands for a list of one. */
function fromFile(value: unknown, kind: Option<unknown>['kind']): unknown {
  const isList = kind === 'texts' || kind === 'numbers';
  return isList && !Array.isArray(value) && value !== null ? [value] : value;
}

function toNumber(text: string): unknown {
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? text : number;
}

function toBoolean(text: string): unknown {
  if (/^(1|true|yes|on)$/i.test(text)) return true;
  if (/^(0|false|no|off)$/i.test(text)) return false;
  return text;
}

function show(value: unknown): string {
  return typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
}
