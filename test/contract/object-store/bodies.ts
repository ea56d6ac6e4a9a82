import { createHash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function text(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

/** Bytes that differ everywhere, in chunks of odd lengths. */
export async function* chunks(bytes: number, size = 654_321): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes; start += size) {
    const chunk = new Uint8Array(Math.min(size, bytes - start));
    for (let index = 0; index < chunk.length; index++) chunk[index] = Math.imul(start + index, 0x9e3779b1) >>> 24;
    yield await Promise.resolve(chunk);
  }
}

export async function* pieces(body: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.length; start += size) {
    yield await Promise.resolve(body.subarray(start, start + size));
  }
}

export async function sha256(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body) hash.update(chunk);
  return hash.digest('hex');
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** After a collection of garbage: what is held, not what was left lying about. */
export function liveMegabytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}
