import type { ReportFormat } from './format.js';
import { html } from './html/index.js';
import { json } from './json.js';
import { junit } from './junit.js';
import { markdown } from './markdown.js';
import { sarif } from './sarif.js';
import { table } from './table.js';

/** Every report format by name: the values of `--format`. */
export const reportFormats: ReadonlyMap<string, ReportFormat> = tableOf([table, json, sarif, junit, html, markdown]);

function tableOf(formats: readonly ReportFormat[]): ReadonlyMap<string, ReportFormat> {
  const byName = new Map(formats.map((format) => [format.name, format]));
  if (byName.size !== formats.length) throw new Error('two report formats have the same name');
  return byName;
}

export { contactSheet } from './contact-sheet.js';
export { runReport } from './format.js';
export { renderExplanation } from './html/explanation.js';
