export interface Clock {
  /** Seconds, monotonic. */
  now(): number;
  /** Calls `ring` once after so many seconds; the returned function cancels. */
  after(seconds: number, ring: () => void): () => void;
}
