/** Keeps immutable and large things: models, images, evidence, reports. Adapters: `adapters/stores/objects/*`; one contract suite. */
export interface ObjectStore {
  /**
   * Stores a whole object or nothing; replaces what was there.
   * @param key names of `[A-Za-z0-9._-]` joined by `/`, none of them `.` or `..`, at most 512 characters.
   * @param bytes length of the body; another length is refused.
   * @throws ScanError `storage-failed` (retryable) when the store does not answer, is full or refuses.
   */
  put(key: string, body: Uint8Array | AsyncIterable<Uint8Array>, bytes: number): Promise<void>;
  /**
   * The body, in chunks; it must be read, though not to its end. Undefined where there is no such object.
   * @throws ScanError `storage-failed`, also while reading.
   */
  get(key: string): Promise<{ readonly bytes: number; readonly body: AsyncIterable<Uint8Array> } | undefined>;
  /** Bytes of an object; undefined where there is none. */
  size(key: string): Promise<number | undefined>;
  /** Nothing happens where there is no such object. */
  delete(key: string): Promise<void>;
  /** Keys that start with the prefix, in no particular order. */
  list(prefix: string): AsyncIterable<{ readonly key: string; readonly bytes: number }>;
}
