import type { Check, CheckFinding } from './check.js';

/** What the file says about itself. Doc strings are not decoded: nothing depends on them and they may be of any size. */
export const metadata: Check = {
  id: 'metadata',
  title: 'What the file says about itself',
  help: 'Nobody vouches for it; compare it with what the supplier says.',
  run: ({ graph }) => {
    const entries = [...graph.metadata].map(([key, value]) => `${shown(key, 60)} = ${shown(value, 120)}`);
    const listed = entries.slice(0, maxEntries).join('; ');
    const more = entries.length > maxEntries ? `; ${entries.length - maxEntries} more` : '';
    return [
      note(graph.producer ? `written by ${shown(graph.producer, 120)}` : 'names no program that wrote it'),
      ...(entries.length > 0 ? [note(`metadata: ${listed}${more}`)] : []),
    ];
  },
};

const maxEntries = 8;

function note(message: string): CheckFinding {
  return { severity: 'note', message };
}

function shown(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;
}
