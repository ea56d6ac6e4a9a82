import type { ZodType } from 'zod';
import type { Zod } from './option.js';

const byteUnits: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};
const secondUnits: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** Bytes from `2GiB`, `500MB` or a plain number. */
export function byteSize(z: Zod): ZodType<number> {
  return quantity(z, /^\d+(\.\d+)?\s*([KkMmGg]i?[Bb]|[Bb])?$/, byteUnits, 'b');
}

/** Seconds from `90s`, `10m`, `1h` or a plain number. */
export function duration(z: Zod): ZodType<number> {
  return quantity(z, /^\d+(\.\d+)?\s*[smh]?$/, secondUnits, 's');
}

function quantity(z: Zod, pattern: RegExp, units: Readonly<Record<string, number>>, base: string): ZodType<number> {
  return z
    .union([z.number().positive(), z.string().trim().regex(pattern)])
    .transform((value) => (typeof value === 'number' ? value : parse(value, units, base)))
    .refine((value) => value > 0 && Number.isFinite(value));
}

function parse(text: string, units: Readonly<Record<string, number>>, base: string): number {
  const unit = text.replace(/[\d.\s]/g, '').toLowerCase() || base;
  return Number.parseFloat(text) * (units[unit] ?? Number.NaN);
}
