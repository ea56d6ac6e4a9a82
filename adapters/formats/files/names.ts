import { posix } from 'node:path';

/**
 * A file name that a model gives, relative to its folder, in its normal form (`./a/b` is `a/b`).
 * @param refuse is told why no model may name such a file.
 */
export function normalName(name: string, refuse: (why: string) => never): string {
  if (name === '') refuse('the location is empty');
  // Control characters and backslashes never occur in honest locations and would make the digest's lines ambiguous.
  if (/[\p{Cc}\\]/u.test(name)) refuse('the location contains control characters or backslashes');
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) refuse('an absolute path');
  if (name.split('/').includes('..')) refuse("a path that leaves the model's folder");
  return posix.normalize(name);
}
