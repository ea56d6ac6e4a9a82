import { createHash } from 'node:crypto';

/** As 64 lower-case hex digits; of a text its UTF-8 bytes. Implements the port `Sha256`. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
