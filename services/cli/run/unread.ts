import type { UnreadModel } from '../../../adapters/sources/file/find-models.js';

/** What lay in the folders and was not scanned, a line for each format; named outright, each would be a failure. */
export function notesOnUnread(unread: readonly UnreadModel[]): string[] {
  const kinds = new Map<string, string[]>();
  for (const { what, path } of unread) kinds.set(what, [...(kinds.get(what) ?? []), path]);
  return [...kinds].map(([what, paths]) => {
    const some = paths.slice(0, 3).join(', ') + (paths.length > 3 ? ', ...' : '');
    return `not scanned: ${paths.length} x ${what} (${some}). Name one outright to learn how to export it`;
  });
}
