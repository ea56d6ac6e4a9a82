const styles = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  magenta: [35, 39],
  inverse: [7, 27],
} as const;
export type Style = keyof typeof styles;

/** Wraps text in ANSI styles, or leaves it as it is. */
export type Paint = (text: string, ...names: Style[]) => string;

export function painter(colour: boolean): Paint {
  if (!colour) return (text) => text;
  return (text, ...names) =>
    names.reduce((painted, name) => `\u001b[${styles[name][0]}m${painted}\u001b[${styles[name][1]}m`, text);
}

/** Columns a text takes: ANSI codes and combining marks none, East Asian wide characters and emoji two. */
export function columns(text: string): number {
  let sum = 0;
  for (const character of text.replace(ansi, '')) sum += columnsOf(character);
  return sum;
}

/** Pads on the right to a number of columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columns(text)));
}

/** Pads on the left to a number of columns. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - columns(text))) + text;
}

/** A blank that may end a line: `84 %` and `p = 0.01` stay together. */
const breaks = /(?<![=<]) (?![%=<])/;

/** Breaks plain text at blanks into lines of at most `width` columns; a longer word is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(breaks).flatMap((part) => cut(part, width))) {
    if (line !== '' && columns(line) + 1 + columns(word) > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Shortens plain text to `width` columns, cutting the start away: the end of a path says more. */
export function fitEnd(text: string, width: number): string {
  if (columns(text) <= width) return text;
  const characters = Array.from(text);
  while (characters.length > 0 && columns(characters.join('')) > width - 1) characters.shift();
  return `…${characters.join('')}`;
}

/** Shortens plain text to `width` columns, cutting the end away. */
export function fitStart(text: string, width: number): string {
  if (columns(text) <= width) return text;
  const characters = Array.from(text);
  while (characters.length > 0 && columns(characters.join('')) > width - 1) characters.pop();
  return `${characters.join('')}…`;
}

// eslint-disable-next-line no-control-regex -- ESC starts an ANSI code
const ansi = /\u001b\[[0-9;]*m/g;

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const combining = /[\p{Mn}\p{Me}\p{Cf}]/u;

function columnsOf(character: string): number {
  const code = character.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (combining.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

function cut(word: string, width: number): string[] {
  if (columns(word) <= width) return [word];
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (piece !== '' && columns(piece) + columnsOf(character) > width) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}
