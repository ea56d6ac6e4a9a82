import type { LabelRow } from './labels.js';

const fileHeaders = ['file', 'filename', 'file_name', 'path', 'filepath', 'image', 'image_path', 'name', 'id'];
const labelHeaders = ['label', 'labels', 'class', 'classid', 'class_id', 'target', 'category', 'y'];

/**
 * Rows of a labels table: file and label, with or without a header line, separated by comma, semicolon or tab. With a
 * header the two columns may stand anywhere among others (`Filename;Width;...;ClassId`); without one they are the first two.
 *
 * @throws Error with a one-line reason.
 */
export function parseLabelCsv(text: string): LabelRow[] {
  const lines = parseCsv(text.replace(/^\uFEFF/, ''));
  const header = lines[0]?.cells.map((cell) => cell.trim().toLowerCase()) ?? [];
  const fileAt = header.findIndex((cell) => fileHeaders.includes(cell));
  const labelAt = header.findIndex((cell, i) => i !== fileAt && labelHeaders.includes(cell));
  const hasHeader = fileAt >= 0 && labelAt >= 0;
  return lines.slice(hasHeader ? 1 : 0).map(({ cells, line }) => {
    const file = cells[hasHeader ? fileAt : 0]?.trim();
    const label = cells[hasHeader ? labelAt : 1]?.trim();
    if (!file || !label) throw new Error(`line ${line} holds no file and label; write file,label`);
    return { file, label };
  });
}

interface Line {
  readonly cells: string[];
  /** Counted from 1. */
  readonly line: number;
}

/** RFC 4180 with the separator found in the first line; empty lines are passed over. */
function parseCsv(text: string): Line[] {
  const firstLine = text.slice(0, text.search(/[\r\n]|$/));
  const separator = firstLine.includes('\t') ? '\t' : firstLine.includes(';') ? ';' : ',';
  const lines: Line[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let line = 1;
  let start = 1;
  for (let i = 0; i <= text.length; i++) {
    const char = text[i];
    if (quoted && char === undefined) throw new Error(`line ${start} opens a quote that never closes`);
    if (char === '\n') line++;
    if (quoted) {
      if (char !== '"') cell += char ?? '';
      else if (text[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (char === '"' && cell === '') {
      quoted = true;
    } else if (char === separator) {
      cells.push(cell);
      cell = '';
    } else if (char === '\n' || char === undefined) {
      cells.push(cell);
      if (cells.length > 1 || cells[0]!.trim() !== '') lines.push({ cells, line: start });
      cells = [];
      cell = '';
      start = line;
    } else if (char !== '\r') {
      cell += char;
    }
  }
  return lines;
}
