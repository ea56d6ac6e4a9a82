/** The command line that repeats a run, to paste into a POSIX shell. */
export function shellCommand(words: readonly string[]): string {
  return ['neuroninspect', ...words].map(quote).join(' ');
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
