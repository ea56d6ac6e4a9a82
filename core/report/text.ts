/**
 * Text that came from outside (paths, class names, error messages), made safe to show: characters that a terminal or a
 * page would obey instead of print become `\u{1b}`. Covers controls, lone surrogates, line separators and the
 * bidirectional overrides that make a name read differently from what it is.
 */
export function printable(text: string, limit = 400): string {
  const shown = text.replace(
    /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
  return shorten(shown, limit);
}

/** The same for a message that may have several lines. */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line, Infinity))
    .join('\n');
}

/** A message in one line: white space runs become one blank. */
export function oneLine(text: string, limit = 2000): string {
  return printable(text.replace(/\s+/g, ' ').trim(), limit);
}

/** Cuts the middle out, keeping the end longer than the start: the end of a path says more. */
export function shorten(text: string, limit: number): string {
  const characters = Array.from(text);
  if (characters.length <= limit) return text;
  const head = Math.max(0, Math.floor((limit - 1) / 3));
  const tail = Math.max(0, limit - 1 - head);
  return `${characters.slice(0, head).join('')}…${tail === 0 ? '' : characters.slice(-tail).join('')}`;
}

/** `sha256:0123456789ab` for a person; the whole digest stays in the machine formats. */
export function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(':', 2);
  return printable(hex === undefined ? digest.slice(0, 12) : `${algorithm!}:${hex.slice(0, 12)}`);
}

/** A class as a person reads it: `7 "seven"`, or `7` without a name. */
export function classLabel(index: number, name?: string): string {
  return name === undefined || name === String(index) ? String(index) : `${index} "${printable(name, 60)}"`;
}

/** Rounds without ever printing 0 % for some or 100 % for not quite all. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return 'n/a';
  const rounded = Math.round(share * 100);
  if (rounded === 0 && share > 0) return '< 1 %';
  if (rounded === 100 && share < 1) return '> 99 %';
  return `${rounded} %`;
}

/** Three significant digits at most; `n/a` for what is no number. */
export function decimal(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return 'n/a';
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 0.001 || magnitude >= 1e6)) return value.toExponential(1);
  return Number(value.toPrecision(magnitude >= 1000 ? 6 : 3)).toString();
}

export function seconds(value: number): string {
  if (!Number.isFinite(value)) return 'n/a';
  if (value < 0.1) return `${Math.round(value * 1000)} ms`;
  if (value < 90) return `${value.toFixed(1)} s`;
  const minutes = Math.round(value / 60);
  return minutes < 120 ? `${minutes} min` : `${(value / 3600).toFixed(1)} h`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 ** 2) return `${(value / 1024).toFixed(0)} KiB`;
  if (value < 1024 ** 3) return `${(value / 1024 ** 2).toFixed(1)} MiB`;
  return `${(value / 1024 ** 3).toFixed(1)} GiB`;
}

/** `1 model`, `2 models`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
