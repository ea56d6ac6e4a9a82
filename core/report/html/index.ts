import type { ScanResult, Verdict } from '../../scan/result.js';
import type { RenderContext, ReportFormat, RunReport } from '../format.js';
import type { Content } from '../markup.js';
import { markup } from '../markup.js';
import { decimal, oneLine, percent, plural, printable, seconds, shortDigest } from '../text.js';
import { bySuspicion, isFlagged, labelOf, mainEvidence, pValue } from '../words.js';
import { modelSection, signs, verdictTitle } from './model-section.js';
import { page } from './page.js';

/** Up to here every model has a section; beyond, a clean model is a row of the index alone. */
const fullLimit = 20;
/** Flagged models whose pictures are shown. */
const pictureLimit = 100;

/** For an analyst: one self-contained page without scripts, with the evidence in pictures. */
export const html: ReportFormat = {
  name: 'html',
  fileExtension: 'html',
  summary: 'one self-contained page with the evidence in pictures',
  render: renderHtml,
};

async function renderHtml(report: RunReport, context: RenderContext): Promise<string> {
  const results = bySuspicion(report.results);
  const withSection = results.filter(
    (result) => results.length <= fullLimit || result.verdict !== 'clean' || result.findings.length > 0,
  );
  const anchors = new Map(withSection.map((result, index) => [result, `model-${index + 1}`]));
  const pictured = new Set(results.filter(isFlagged).slice(0, pictureLimit));
  const sections: Content[] = [];
  for (const [result, id] of anchors) {
    sections.push(await modelSection(result, report, { id, pictures: pictured.has(result) }, context));
  }
  return page(title(results), [
    masthead(report),
    results.length !== 1 && overview(report, results, anchors),
    report.warnings.length > 0 &&
      markup`<section class="sheet warnings" aria-label="Warnings">${report.warnings.map((warning) => markup`<p>⚠ ${oneLine(warning)}</p>`)}</section>`,
    markup`<main>${sections}</main>`,
    markup`<footer><p>A scan looks for backdoors that lead to one class. “No backdoor found” is no proof of absence: triggers that aim at every class at once, or that warp the image, are not covered. Written by ${report.tool.name} ${report.tool.version}; the page holds no script and loads nothing.</p></footer>`,
  ]);
}

function title(results: readonly ScanResult[]): string {
  const [first] = results;
  if (first === undefined || results.length > 1) return `NeuronInspect: ${plural(results.length, 'model')}`;
  return `${verdictTitle(first)}: ${printable(first.model.path)}`;
}

function masthead(report: RunReport): Content {
  const date = report.startedAt.replace('T', ' ').replace(/:\d\d(\.\d+)?Z$/, ' UTC');
  return markup`<header class="masthead"><span class="brand">NeuronInspect backdoor report</span><span class="muted small">${date} · version ${report.tool.version}</span></header>`;
}

const order: readonly Verdict[] = ['backdoored', 'suspicious', 'inconclusive', 'clean'];
const countWords: Readonly<Record<Verdict, string>> = {
  backdoored: 'backdoored',
  suspicious: 'suspicious',
  inconclusive: 'without a verdict',
  clean: 'with no backdoor found',
};

function overview(
  report: RunReport,
  results: readonly ScanResult[],
  anchors: ReadonlyMap<ScanResult, string>,
): Content {
  const { summary } = report;
  const counts = order.filter((verdict) => summary.verdicts[verdict] > 0);
  return markup`<section class="sheet" aria-labelledby="overview">
<h1 id="overview">${results.length === 0 ? 'Nothing was scanned' : `${plural(summary.models, 'model')} scanned`}</h1>
<ul class="counts">${counts.map((verdict) => markup`<li class="${verdict}"><span class="tag"><span class="sign" aria-hidden="true">${signs[verdict]}</span>${summary.verdicts[verdict]} ${countWords[verdict]}</span></li>`)}<li class="muted">${seconds(summary.seconds)} of scanning</li></ul>
${results.length > 0 && indexTable(results, anchors)}
</section>`;
}

function indexTable(results: readonly ScanResult[], anchors: ReadonlyMap<ScanResult, string>): Content {
  return markup`<div class="table"><table class="stack">
<thead><tr><th scope="col">Verdict</th><th scope="col">Model</th><th scope="col">Target class</th><th scope="col" class="number">Trigger success</th><th scope="col" class="number">Score</th><th scope="col" class="number">p-value</th></tr></thead>
<tbody>${results.map((result) => indexRow(result, anchors.get(result)))}</tbody>
</table></div>`;
}

function indexRow(result: ScanResult, anchor: string | undefined): Content {
  const evidence = mainEvidence(result);
  const path = printable(result.model.path);
  const { digest } = result.model;
  const targets = result.targetClasses.map((index) => labelOf(result, index)).join(', ');
  return markup`<tr class="${result.verdict}"><td><span class="tag"><span class="sign" aria-hidden="true">${signs[result.verdict]}</span>${verdictTitle(result)}</span></td><td class="name">${anchor === undefined ? path : markup`<a href="#${anchor}">${path}</a>`}<br><span class="muted mono">${digest === undefined ? (result.reason?.code ?? '') : shortDigest(digest)}</span></td>${[
    cell('class', '', targets === '' ? undefined : targets),
    cell('trigger success', 'number', evidence && percent(evidence.trigger.attackSuccessRate)),
    cell('score', 'number', result.score === undefined ? undefined : decimal(result.score)),
    cell('p', 'number', result.pValue === undefined ? undefined : pValue(result.pValue).replace('= ', '')),
  ]}</tr>
`;
}

/** On a narrow screen rows become blocks: a cell then shows its label, or vanishes when it is empty. */
function cell(label: string, kind: string, text: string | undefined): Content {
  const classes = [kind, text === undefined ? 'none' : ''].filter((name) => name !== '').join(' ');
  return markup`<td class="${classes}" data-label="${label}">${text ?? '–'}</td>`;
}
