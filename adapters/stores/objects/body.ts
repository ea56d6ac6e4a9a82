import { ScanError } from '../../../core/scan/errors.js';

export type Body = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * The body unchanged, as long as it has the announced length: fails at the first byte too much or where bytes are missing,
 * before anybody takes it for whole.
 */
export async function* exactly(bytes: number, body: Body, what: string): AsyncGenerator<Uint8Array, void> {
  let seen = 0;
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    seen += chunk.length;
    if (seen > bytes) throw wrongLength(what, `more than ${bytes}`, bytes);
    yield chunk;
  }
  if (seen < bytes) throw wrongLength(what, String(seen), bytes);
}

function wrongLength(what: string, found: string, announced: number): ScanError {
  return new ScanError('storage-failed', `${what}: ${found} bytes where ${announced} were announced`);
}

/** Runs `map` over what goes wrong while something is read. Nothing is read before the first item is asked for. */
export async function* withErrors<T>(
  items: AsyncIterable<T>,
  map: (error: unknown) => ScanError,
): AsyncGenerator<T, void> {
  try {
    yield* items;
  } catch (error) {
    throw map(error);
  }
}
