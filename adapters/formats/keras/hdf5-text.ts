/**
 * Python writes text that is UTF-8 as fixed-length bytes, which HDF5 calls ASCII; the library decodes each byte by itself. Of text
 * that is not UTF-8 nothing is changed.
 */
export function utf8OfBytes(text: string): string {
  if (isAscii(text)) return text;
  const bytes = Array.from(text, (char) => byteOf.get(char) ?? char.charCodeAt(0));
  if (bytes.some((byte) => byte > 0xff)) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
  } catch {
    return text;
  }
}

function isAscii(text: string): boolean {
  return Array.from(text).every((char) => char.charCodeAt(0) < 0x80);
}

/** `ascii` is another word for windows-1252 in the Encoding standard (https://encoding.spec.whatwg.org/#names-and-labels). */
const byteOf: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 256 }, (_, byte) => [new TextDecoder('ascii').decode(Uint8Array.of(byte)), byte]),
);
