import { ScanError } from '../../../core/scan/errors.js';
import { isObject, ownField } from './json.js';

/** The settings of an architecture, read with checks: every number has bounds, because a config is not trusted. */
export interface Config {
  /** For errors: the path of the file. */
  readonly title: string;
  has(key: string): boolean;
  /** @throws ScanError `model-malformed` when it is missing without a `fallback`, no integer or out of bounds. */
  int(key: string, bounds: Bounds): number;
  /** The same for one number or a list of one or two, `[height, width]`. */
  pair(key: string, bounds: Bounds): [number, number];
  float(key: string, fallback: number): number;
  flag(key: string, fallback: boolean): boolean;
  ints(key: string, bounds: Omit<Bounds, 'fallback'> & { fallback?: readonly number[]; length?: number }): number[];
  /** A list of truth values; other numbers are refused. */
  flags(key: string, length: number, fallback: readonly boolean[]): boolean[];
  string(key: string, fallback?: string): string;
  /** @throws ScanError `model-unsupported-format` naming the option and what is supported. */
  choice<T extends string>(key: string, options: readonly T[], fallback: T): T;
  /** An option that is supported with one value alone. @throws ScanError `model-unsupported-format`. */
  only(key: string, value: unknown): void;
  object(key: string): Config | undefined;
  raw(key: string): unknown;
}

export interface Bounds {
  readonly min?: number;
  readonly max: number;
  readonly fallback?: number;
}

export const exportCommand = 'optimum-cli export onnx --model MODEL --task image-classification FOLDER';

export function configOf(values: Record<string, unknown>, title: string): Config {
  const get = (key: string): unknown => ownField(values, key);
  const wrong = (key: string, what: string): ScanError =>
    new ScanError('model-malformed', `${title}: ${key} is ${shown(get(key))}, but has to be ${what}`);

  const checkedInt = (key: string, value: unknown, { min = 1, max }: Bounds): number => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    throw wrong(key, `a whole number from ${min} to ${max}`);
  };

  return {
    title,
    raw: get,
    has: (key) => get(key) !== undefined,
    int: (key, bounds) => checkedInt(key, get(key) ?? bounds.fallback, bounds),
    pair: (key, bounds) => {
      const value = get(key) ?? bounds.fallback;
      const list: unknown[] = Array.isArray(value) ? value : [value];
      if (list.length < 1 || list.length > 2) throw wrong(key, 'one number or [height, width]');
      return [checkedInt(key, list[0], bounds), checkedInt(key, list.at(-1), bounds)];
    },
    float: (key, fallback) => {
      const value = get(key) ?? fallback;
      if (typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= 1e6) return value;
      throw wrong(key, 'a number');
    },
    flag: (key, fallback) => {
      const value = get(key) ?? fallback;
      if (typeof value === 'boolean') return value;
      throw wrong(key, 'true or false');
    },
    ints: (key, { fallback, length, ...bounds }) => {
      const value = get(key) ?? fallback;
      if (!Array.isArray(value) || value.length > 64 || (length !== undefined && value.length !== length)) {
        throw wrong(key, length === undefined ? 'a list of whole numbers' : `a list of ${length} whole numbers`);
      }
      return value.map((item: unknown) => checkedInt(key, item, bounds));
    },
    flags: (key, length, fallback) => {
      const value = get(key) ?? fallback;
      if (Array.isArray(value) && value.length === length && value.every((item) => typeof item === 'boolean'))
        return value;
      throw wrong(key, `a list of ${length} times true or false`);
    },
    string: (key, fallback) => {
      const value = get(key) ?? fallback;
      if (typeof value === 'string') return value;
      throw wrong(key, 'a text');
    },
    choice: (key, options, fallback) => {
      const value = get(key) ?? fallback;
      const chosen = options.find((option) => option === value);
      if (chosen !== undefined) return chosen;
      throw unsupported(`${title}: ${key} is ${shown(value)}; supported: ${options.join(', ')}`);
    },
    only: (key, value) => {
      const given = get(key);
      if (given !== undefined && given !== value) {
        throw unsupported(`${title}: ${key} is ${shown(given)}; supported: ${shown(value)}`);
      }
    },
    object: (key) => {
      const value = get(key);
      return isObject(value) ? configOf(value, `${title}: ${key}`) : undefined;
    },
  };
}

/** A config that contradicts itself or what is possible. */
export function malformed(config: Config, what: string): ScanError {
  return new ScanError('model-malformed', `${config.title}: ${what}`);
}

/** What to do instead is said with every refusal. */
export function unsupported(what: string): ScanError {
  return new ScanError('model-unsupported-format', `${what}. Export the model to ONNX: ${exportCommand}`);
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
