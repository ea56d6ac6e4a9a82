import { printable } from './text.js';

/** Text that is already markup: made by the templates below, never from outside text. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Content = Markup | string | number | undefined | false | readonly Content[];

/**
 * A template whose every value is escaped unless it is Markup itself, so that no text from a model file, a path or a class
 * name can become markup. Serves HTML, SVG and XML. `undefined` and `false` leave nothing.
 */
export function markup(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = strings[0]!;
  values.forEach((value, index) => (text += contentText(value) + strings[index + 1]!));
  return new Markup(text);
}

/** Lines of text, kept apart where white space is kept. */
export function textLines(lines: readonly string[]): Markup {
  return new Markup(lines.map(escapeMarkup).join('\n'));
}

/**
 * Escaped for element content and for quoted attributes of HTML and XML. Control characters, which XML 1.0 cannot hold in
 * any form, are made visible.
 */
export function escapeMarkup(text: string): string {
  return printable(text, Infinity).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function contentText(value: Content): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escapeMarkup(String(value));
  return value.map(contentText).join('');
}
