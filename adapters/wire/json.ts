import { ScanError } from '../../core/scan/errors.js';

/**
 * JSON of plain data in which nothing is lost: a Float32Array becomes `{"$float32": base64}`, NaN, the infinities and -0
 * `{"$number": text}`, an undefined list item `{"$undefined": true}`; a key that starts with `$` gets another `$`. Undefined
 * members are left out.
 *
 * @throws ScanError `internal` for what would not come back: functions, bigints, other typed arrays, maps, dates.
 */
export function stringifyExact(value: unknown): string {
  return JSON.stringify(toJson(value));
}

/** @throws ScanError `message-malformed` when the text is not what {@link stringifyExact} writes. */
export function parseExact(text: string): unknown {
  try {
    const value = JSON.parse(text, revive) as unknown;
    if (value === absent) throw new SyntaxError('a lone $undefined');
    return value;
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ScanError('message-malformed', `not the JSON of this program: ${why}`, { cause: thrown });
  }
}

function toJson(value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value;
    return { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (value instanceof Float32Array) {
    return { $float32: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  }
  // Array.from also visits holes.
  if (Array.isArray(value)) {
    return Array.from(value, (item) => (item === undefined ? { $undefined: true } : toJson(item)));
  }
  if (typeof value === 'object' && isPlain(value)) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return Object.fromEntries(members.map(([key, member]) => [key.startsWith('$') ? `$${key}` : key, toJson(member)]));
  }
  throw new ScanError('internal', `a value of type ${typeName(value)} cannot be written as JSON`);
}

/** Stands for `{"$undefined": true}` until the list around it is complete: a reviver cannot return undefined. */
const absent = Symbol('undefined');
const special = /^(NaN|-?Infinity|-0)$/;

function revive(_key: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => (item === absent ? undefined : item));
  if (typeof value !== 'object' || value === null) return value;
  const members: [string, unknown][] = Object.entries(value);
  const [first] = members;
  if (members.length === 1 && first !== undefined) {
    const [key, content] = first;
    if (key === '$float32' && typeof content === 'string') return floats(content);
    if (key === '$number' && typeof content === 'string' && special.test(content)) return Number(content);
    if (key === '$undefined' && content === true) return absent;
  }
  if (members.every(([key, member]) => !key.startsWith('$') && member !== absent)) return value;
  return Object.fromEntries(
    members.map(([key, member]) => {
      if (member === absent) throw new SyntaxError(`member ${key} is a $undefined`);
      if (key.startsWith('$') && !key.startsWith('$$')) throw new SyntaxError(`unknown member ${key}`);
      return [key.startsWith('$') ? key.slice(1) : key, member];
    }),
  );
}

function floats(base64: string): Float32Array {
  // Small buffers come from a shared pool at any offset; a Float32Array needs an aligned one of its own.
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function typeName(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : typeof value;
}
