import type { Content } from '../markup.js';
import { Markup, markup } from '../markup.js';
import { style } from './style.js';

/**
 * Nothing is loaded and nothing runs: no script, no request, pictures only from the page itself. It holds even if a text
 * escaped its place.
 */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A whole HTML document. */
export function page(title: string, body: Content): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<div class="page">
${body}
</div>
</body>
</html>
`.text;
}

/** A definition list; rows without a value are left out. */
export function facts(rows: readonly (readonly [name: string, value: Content])[]): Markup {
  const known = rows.filter(([, value]) => value !== undefined && value !== false && value !== '');
  return markup`<dl>${known.map(([name, value]) => markup`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}
