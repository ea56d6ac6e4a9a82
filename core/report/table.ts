import type { ScanResult, Verdict } from '../scan/result.js';
import { notableChecks } from './checks.js';
import type { RenderContext, ReportFormat, RunReport } from './format.js';
import { triggerPicture } from './picture.js';
import { columns, fitEnd, fitStart, pad, padStart, painter, wrap } from './terminal.js';
import type { Paint, Style } from './terminal.js';
import { bytes, capital, decimal, oneLine, percent, plural, printable, seconds, shortDigest } from './text.js';
import {
  allIgnored,
  bySuspicion,
  coversImage,
  grounds,
  hasFailed,
  headline,
  isFlagged,
  labelOf,
  mainEvidence,
  nextStep,
  triggerPlace,
  verdictTitles,
} from './words.js';
import { preprocessingText } from './preprocessing.js';

/** Cards below the list of a run over many models; the others are named in one line. */
const cardLimit = 3;
/** Models without a verdict that are explained one by one. */
const reasonLimit = 10;

/** For a person at a terminal: a card for one model, a list and the cards of flagged models for many. */
export const table: ReportFormat = {
  name: 'table',
  fileExtension: 'txt',
  summary: 'for a person at a terminal',
  render: (report, context) => Promise.resolve(renderTable(report, context)),
};

function renderTable(report: RunReport, { colour, width }: RenderContext): string {
  const paint = painter(colour);
  const room = Math.min(110, Math.max(40, width));
  const sorted = bySuspicion(report.results);
  const lines: string[] = [];
  if (sorted.length === 1) {
    lines.push(...card(sorted[0]!, { paint, room, colour }));
  } else {
    lines.push(...list(sorted, paint, room));
    const flagged = sorted.filter((result) => isFlagged(result) && !allIgnored(result));
    for (const result of flagged.slice(0, cardLimit)) lines.push('', ...card(result, { paint, room, colour }));
    if (flagged.length > cardLimit) {
      const rest = plural(flagged.length - cardLimit, 'more flagged model');
      lines.push('', ...wrap(`${rest}: --format html shows the evidence of all.`, room - 2).map((line) => `  ${line}`));
    }
    lines.push('', ...summaryLines(report, paint, room));
  }
  for (const warning of report.warnings) {
    lines.push(...hanging(paint('warning ', 'yellow'), oneLine(warning), room));
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

interface Look {
  readonly paint: Paint;
  readonly room: number;
  readonly colour: boolean;
}

const looks: Readonly<Record<Verdict, { readonly sign: string; readonly style: Style }>> = {
  backdoored: { sign: '✗', style: 'red' },
  suspicious: { sign: '!', style: 'yellow' },
  inconclusive: { sign: '?', style: 'magenta' },
  clean: { sign: '✓', style: 'green' },
};

function card(result: ScanResult, { paint, room, colour }: Look): string[] {
  const { sign, style } = looks[result.verdict];
  const title = hasFailed(result) ? 'Scan failed' : verdictTitles[result.verdict];
  const badge = ` ${sign} ${title.toUpperCase()} `;
  const ignored = allIgnored(result) && result.verdict !== 'clean' ? ' (ignored)' : '';
  const path = fitEnd(printable(result.model.path), room - columns(badge) - columns(ignored) - 1);
  const lines = [`${paint(badge, 'bold', 'inverse', style)} ${paint(path, 'bold')}${ignored}`, ''];
  for (const line of wrap(headline(result), room - 2)) lines.push(`  ${paint(line, 'bold')}`);
  lines.push('', ...body(result, { paint, room, colour }));
  for (const finding of result.findings) {
    if (finding.ignored === undefined) {
      if (finding.severity === 'note') lines.push(...field('Note', oneLine(finding.message, 300), paint, room));
      continue;
    }
    const until = finding.ignored.expires === undefined ? '' : ` until ${printable(finding.ignored.expires)}`;
    lines.push(...field('Ignored', `${finding.rule}${until}: ${oneLine(finding.ignored.statement, 300)}`, paint, room));
  }
  for (const { check, message } of notableChecks(result)) {
    lines.push(...field('Check', oneLine(`${check}: ${message}`, 300), paint, room));
  }
  lines.push(...field('What to do', nextStep(result), paint, room), '', ...facts(result, paint, room));
  return lines;
}

/** The grounds, beside the picture of the trigger where there is one and the terminal is wide enough. */
function body(result: ScanResult, { paint, room, colour }: Look): string[] {
  const sentences = grounds(result);
  const evidence = isFlagged(result) ? mainEvidence(result) : undefined;
  // A mask over the whole image is a plain block without colours: it says no more than the words.
  if (evidence === undefined || (!colour && coversImage(evidence.trigger))) {
    if (evidence !== undefined) sentences.push(`The trigger lies ${triggerPlace(evidence.trigger)}.`);
    return sentences.length === 0 ? [] : field('How sure', sentences.join(' '), paint, room);
  }
  const picture = framed(triggerPicture(evidence.trigger, colour), paint);
  const pictureWidth = columns(picture[0] ?? '');
  const beside = room - pictureWidth - 4;
  const text = (width: number): string[] => [
    paint('How sure', 'dim'),
    ...sentences.flatMap((sentence) => wrap(sentence, width)),
    '',
    paint('Trigger', 'dim'),
    ...wrap(`${capital(triggerPlace(evidence.trigger))}.`, width),
    ...(colour ? [] : wrap('Picture: full blocks are pixels it replaces.', width)),
  ];
  if (beside < 32) return [...text(room - 2), '', ...picture, ''].map((line) => `  ${line}`);
  const right = text(beside);
  const lines: string[] = [];
  for (let row = 0; row < Math.max(picture.length, right.length); row++) {
    lines.push(`  ${pad(picture[row] ?? '', pictureWidth)}  ${right[row] ?? ''}`);
  }
  return [...lines, ''];
}

function framed(picture: readonly string[], paint: Paint): string[] {
  const bar = '─'.repeat(columns(picture[0] ?? ''));
  const side = paint('│', 'dim');
  return [paint(`┌${bar}┐`, 'dim'), ...picture.map((line) => `${side}${line}${side}`), paint(`└${bar}┘`, 'dim')];
}

function facts(result: ScanResult, paint: Paint, room: number): string[] {
  const { model, images, engine, profile } = result;
  const parts: string[] = [];
  const of = (name: string, values: readonly (string | undefined)[]): void => {
    const known = values.filter((value) => value !== undefined);
    if (known.length > 0) parts.push(...field(name, known.join(', '), paint, room, true));
  };
  of('Model', [
    model.digest === undefined ? undefined : shortDigest(model.digest),
    model.format === undefined ? undefined : printable(model.format),
    model.inputDims === undefined ? undefined : `input ${model.inputDims.join(' x ')}`,
    model.classes === undefined ? undefined : plural(model.classes, 'class', 'classes'),
    model.bytes === undefined ? undefined : bytes(model.bytes),
  ]);
  if (model.preprocessing) of('Pixels', [preprocessingText(model.preprocessing)]);
  of('Images', [
    plural(images.count, 'clean image'),
    images.accuracy === undefined ? undefined : `${percent(images.accuracy)} recognised`,
    shortDigest(images.digest),
  ]);
  of('Scan', [
    `profile ${printable(profile.name)} v${profile.version}`,
    engine === undefined
      ? undefined
      : `${printable(engine.name)} ${printable(engine.version)} on ${printable(engine.provider)}`,
    result.cached ? 'from the cache' : seconds(result.timings.total),
  ]);
  return parts;
}

const labelWidth = 12;

function field(name: string, text: string, paint: Paint, room: number, dim = false): string[] {
  return wrap(text, room - labelWidth - 2).map((line, row) => {
    const label = paint(pad(row === 0 ? name : '', labelWidth), 'dim');
    return `  ${label}${dim ? paint(line, 'dim') : line}`;
  });
}

function hanging(lead: string, text: string, room: number): string[] {
  const indent = columns(lead);
  return wrap(text, room - indent).map((line, row) => (row === 0 ? lead : ' '.repeat(indent)) + line);
}

function list(results: readonly ScanResult[], paint: Paint, room: number): string[] {
  const rows = results.map((result) => ({ result, verdict: verdictCell(result), target: classCell(result) }));
  const verdictWidth = Math.max(7, ...rows.map((row) => columns(row.verdict)));
  const classWidth = Math.min(20, Math.max(12, ...rows.map((row) => columns(row.target))));
  const pathWidth = room - verdictWidth - 7 - classWidth - 8;
  const narrow = pathWidth < 16;
  const cells = (verdict: string, score: string, target: string): string =>
    `${pad(verdict, verdictWidth)}  ${padStart(score, 7)}  ${target}`;
  const head = cells('VERDICT', 'SCORE', narrow ? 'CLASS' : `${pad('TARGET CLASS', classWidth)}  MODEL`);
  return [
    paint(`  ${head}`, 'dim'),
    ...rows.flatMap(({ result, verdict, target }) => {
      const { sign, style } = looks[result.verdict];
      const score = result.score === undefined ? '-' : decimal(result.score);
      const path = fitEnd(printable(result.model.path), narrow ? room - 4 : pathWidth);
      const label = fitStart(target, narrow ? Math.max(3, room - verdictWidth - 13) : classWidth);
      const line = cells(verdict, score, narrow ? label : `${pad(label, classWidth)}  ${path}`);
      const painted = `${paint(sign, style)} ${paint(line.slice(0, verdict.length), style)}${line.slice(verdict.length)}`;
      return narrow ? [painted, `    ${path}`] : [painted];
    }),
    ...reasons(results, paint, room),
  ];
}

function verdictCell(result: ScanResult): string {
  if (hasFailed(result)) return 'failed';
  return allIgnored(result) && result.verdict !== 'clean' ? 'ignored' : result.verdict;
}

function classCell(result: ScanResult): string {
  return result.targetClasses.map((index) => labelOf(result, index)).join(', ') || '-';
}

/** Why models have no verdict, and what to do about it; beyond the limit only how many of each kind. */
function reasons(results: readonly ScanResult[], paint: Paint, room: number): string[] {
  const open = results.filter((result) => result.verdict === 'inconclusive');
  const lines = open.slice(0, reasonLimit).flatMap((result) => {
    const path = printable(result.model.path);
    const message = headline(result);
    const text = message.startsWith(path) ? message : `${path}: ${message}`;
    return ['', ...hanging(`${paint('?', 'magenta')} `, text, room), ...hanging('  → ', nextStep(result), room)];
  });
  const rest = new Map<string, number>();
  for (const { reason } of open.slice(reasonLimit)) {
    rest.set(reason?.code ?? 'internal', (rest.get(reason?.code ?? 'internal') ?? 0) + 1);
  }
  if (rest.size > 0) {
    const counts = [...rest].map(([code, count]) => `${count} ${code}`).join(', ');
    lines.push('', ...hanging('  ', `and more without a verdict: ${counts}`, room));
  }
  return lines;
}

function summaryLines({ summary }: RunReport, paint: Paint, room: number): string[] {
  const counts = (['backdoored', 'suspicious', 'inconclusive', 'clean'] as const)
    .filter((verdict) => summary.verdicts[verdict] > 0)
    .map((verdict) => paint(`${summary.verdicts[verdict]} ${verdict}`, looks[verdict].style));
  if (summary.findings.note > 0) counts.push(plural(summary.findings.note, 'note'));
  if (summary.ignoredFindings > 0) counts.push(plural(summary.ignoredFindings, 'ignored finding'));
  const text = `${plural(summary.models, 'model')}: ${counts.join(', ') || 'nothing to scan'}, ${seconds(summary.seconds)}`;
  return columns(text) <= room ? [text] : wrap(text, room);
}
