import { ScanError } from '../../../core/scan/errors.js';

/**
 * A JSON object of a file that is not trusted. Read its fields with {@link ownField} or `Object.entries`: a key such as
 * `__proto__` or `constructor` is then a key like any other.
 * @param title names it in errors.
 * @throws ScanError `model-malformed`.
 */
export function parseObject(bytes: Uint8Array, title: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message.slice(0, 200) : 'unreadable';
    throw new ScanError('model-malformed', `${title}: no valid JSON (${why})`, { cause: thrown });
  }
  if (isObject(value)) return value;
  throw new ScanError('model-malformed', `${title}: not a JSON object`);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for what an object only inherits, and for null: Python writes None so. */
export function ownField(object: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(object, key) ? (object[key] ?? undefined) : undefined;
}
