import { ScanError } from '../../core/scan/errors.js';

/** Counts of things in messages; far above what a scan needs. */
export const most = {
  classes: 100_000,
  images: 100_000,
  files: 1000,
  /** Height or width of a picture or of a model's input. */
  side: 2 ** 20,
  /** One terabyte in one object. */
  blobBytes: 2 ** 40,
} as const;

/** Lengths of texts in UTF-16 code units. What is for people is cut by the sender; a reader refuses what is longer. */
export const longest = { word: 200, name: 1024, message: 4000 } as const;

/** Says which field of a message cannot be accepted; the reader of the whole message adds which message it is. */
export function refuse(field: string, why: string): never {
  throw new ScanError('message-malformed', `${field} ${why}`);
}

export function present<T>(value: T | null | undefined, field: string): T {
  return value ?? refuse(field, 'is missing');
}

/** Absent fields are undefined or null. */
export function optional<T, R>(value: T | null | undefined, read: (value: T) => R): R | undefined {
  return value === null || value === undefined ? undefined : read(value);
}

/** An integer of the range, both ends included. 64-bit numbers come as objects that round beyond 2^53. */
export function integer(
  value: number | { toNumber(): number } | null | undefined,
  field: string,
  low: number,
  high: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = typeof value === 'object' && value !== null ? value.toNumber() : (value ?? 0);
  if (Number.isSafeInteger(number) && number >= low && number <= high) return number;
  return refuse(field, `is ${number}, not a whole number of ${low} to ${high}`);
}

export function number(value: number | null | undefined, field: string, low: number, high: number): number {
  const given = value ?? 0;
  return given >= low && given <= high ? given : refuse(field, `is ${given}, not a number of ${low} to ${high}`);
}

export function list<T>(values: readonly T[] | null | undefined, field: string, limit: number): readonly T[] {
  const given = values ?? [];
  return given.length <= limit ? given : refuse(field, `has ${given.length} items, more than ${limit}`);
}

export function matching(value: string | null | undefined, field: string, pattern: RegExp): string {
  const given = value ?? '';
  return pattern.test(given) ? given : refuse(field, `is ${quoted(given)}, which does not match ${pattern.source}`);
}

export function oneOf<T extends string>(value: string | null | undefined, field: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value);
  return found ?? refuse(field, `is ${quoted(value ?? '')}, not one of ${known.join(', ')}`);
}

export function text(value: string | null | undefined, field: string, limit: number): string {
  const given = value ?? '';
  return given.length <= limit ? given : refuse(field, `has ${given.length} characters, more than ${limit}`);
}

/** Cuts a text for people at the limit; half characters, which UTF-8 cannot say, are replaced. */
export function cut(value: string, limit: number): string {
  const short = value.length <= limit ? value : `${value.slice(0, limit - 1)}…`;
  return Buffer.from(short, 'utf8').toString('utf8');
}

export const hex64 = /^[0-9a-f]{64}$/;
export const sha256Digest = /^sha256:[0-9a-f]{64}$/;

export function quoted(value: string): string {
  return JSON.stringify(value.length <= 80 ? value : `${value.slice(0, 80)}…`);
}
