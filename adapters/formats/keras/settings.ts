/** Reads untrusted JSON: every value is checked before it is used, and only own keys count. */
export interface Settings {
  /** How errors name what this belongs to. */
  readonly what: string;
  /** The object itself, unchecked. */
  readonly whole: unknown;
  has(key: string): boolean;
  /** Undefined where the key is missing or null. */
  raw(key: string): unknown;
  text(key: string, fallback?: string): string;
  number(key: string, fallback?: number): number;
  integer(key: string, fallback?: number): number;
  flag(key: string, fallback: boolean): boolean;
  /** A whole number for all of `count` axes, or one for each. */
  sizes(key: string, count: number, fallback?: number): readonly number[];
  /** Whole numbers; a single one counts as a list of it. */
  integers(key: string, fallback?: readonly number[]): readonly number[];
  list(key: string): readonly unknown[];
  object(key: string): Settings;
  readonly fail: (problem: string) => never;
}

/** @param refuse throws the error of the model's file. */
export function settingsOf(value: unknown, what: string, refuse: (problem: string) => never): Settings {
  const fail = (problem: string): never => refuse(`${what} ${problem}`);
  if (!isObject(value)) return fail('is no JSON object');
  const raw = (key: string): unknown => (Object.hasOwn(value, key) ? (value[key] ?? undefined) : undefined);
  const present = (key: string): unknown => raw(key) ?? fail(`lacks '${key}'`);

  const settings: Settings = {
    what,
    whole: value,
    fail,
    raw,
    has: (key) => raw(key) !== undefined,
    text: (key, fallback) => {
      const found = fallback === undefined ? present(key) : (raw(key) ?? fallback);
      return typeof found === 'string' ? found : fail(`has a '${key}' that is no text`);
    },
    number: (key, fallback) => {
      const found = fallback === undefined ? present(key) : (raw(key) ?? fallback);
      return typeof found === 'number' ? found : fail(`has a '${key}' that is no number`);
    },
    integer: (key, fallback) => {
      const found = fallback === undefined ? present(key) : (raw(key) ?? fallback);
      return isWhole(found) ? found : fail(`has a '${key}' that is no whole number`);
    },
    flag: (key, fallback) => {
      const found = raw(key) ?? fallback;
      return typeof found === 'boolean' ? found : fail(`has a '${key}' that is neither true nor false`);
    },
    sizes: (key, count, fallback) => {
      const found = fallback === undefined ? present(key) : (raw(key) ?? fallback);
      const all: readonly unknown[] = Array.isArray(found) ? found : new Array<unknown>(count).fill(found);
      if (all.length !== count || !all.every(isWhole)) return fail(`has a '${key}' that is not ${count} whole numbers`);
      return all;
    },
    integers: (key, fallback) => {
      const found = fallback === undefined ? present(key) : (raw(key) ?? fallback);
      const all: readonly unknown[] = Array.isArray(found) ? found : [found];
      return all.every(isWhole) ? all : fail(`has a '${key}' of other things than whole numbers`);
    },
    list: (key) => {
      const found = present(key);
      return Array.isArray(found) ? (found as unknown[]) : fail(`has a '${key}' that is no list`);
    },
    object: (key) => settingsOf(present(key), `'${key}' of ${what}`, refuse),
  };
  return settings;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Beyond 2^31 no size, axis or count of a layer makes sense. */
export function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}
