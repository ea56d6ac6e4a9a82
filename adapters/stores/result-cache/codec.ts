import type { ScanResult } from '../../../core/scan/result.js';

/** JSON in which pictures stay exact: a Float32Array becomes `{"$float32": base64}`, NaN and infinity `{"$number": text}`. */
export function encodeResult(result: ScanResult): string {
  return JSON.stringify(result, (_key, value: unknown) => {
    if (value instanceof Float32Array) {
      return { $float32: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
    }
    if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
      return { $number: Object.is(value, -0) ? '-0' : String(value) };
    }
    return value;
  });
}

/** @throws SyntaxError, RangeError when the text is not what {@link encodeResult} writes. */
export function decodeResult(text: string): ScanResult {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$float32' in value && typeof value.$float32 === 'string') return floats(value.$float32);
    if ('$number' in value && typeof value.$number === 'string') return Number(value.$number);
    return value;
  }) as ScanResult;
}

function floats(base64: string): Float32Array {
  // Small buffers come from a shared pool at any offset; a Float32Array needs an aligned one of its own.
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}
