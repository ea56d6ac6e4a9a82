import type { Finding, ScanResult, Verdict } from '../scan/result.js';
import { notableChecks } from './checks.js';
import type { ReportFormat, RunReport } from './format.js';
import { preprocessingText } from './preprocessing.js';
import { decimal, oneLine, percent, plural, printable, seconds, shortDigest } from './text.js';
import {
  allIgnored,
  bySuspicion,
  grounds,
  hasFailed,
  headline,
  isFlagged,
  labelOf,
  mainEvidence,
  nextStep,
  triggerPlace,
} from './words.js';

/** A comment has a size limit (GitHub: 65,536 characters), so only so many rows and details are written. */
const rowLimit = 100;
const detailLimit = 20;

/** For a comment on a pull request: GitHub Flavoured Markdown with the details folded. */
export const markdown: ReportFormat = {
  name: 'markdown',
  fileExtension: 'md',
  summary: 'a comment for a pull request',
  render: (report) => Promise.resolve(renderMarkdown(report)),
};

const signs: Readonly<Record<Verdict, string>> = {
  backdoored: '❌',
  suspicious: '⚠️',
  inconclusive: '❔',
  clean: '✅',
};

function renderMarkdown(report: RunReport): string {
  const results = bySuspicion(report.results);
  const detailed = results.filter((result) => result.verdict !== 'clean' || result.findings.length > 0);
  const blocks = [
    `### ${title(report)}`,
    results.length === 0 ? 'There was nothing to scan.' : rows(results),
    ...detailed.slice(0, detailLimit).map((result) => details(result)),
    ...(detailed.length > detailLimit
      ? [`Details of ${plural(detailed.length - detailLimit, 'more model')} are in the HTML report.`]
      : []),
    ...report.warnings.map((warning) => `> **Warning** ${escaped(oneLine(warning))}`),
    footer(report),
  ];
  return `${blocks.join('\n\n')}\n`;
}

function title({ summary, results }: RunReport): string {
  const { verdicts } = summary;
  const worst = (['backdoored', 'suspicious', 'inconclusive', 'clean'] as const).find(
    (verdict) => verdicts[verdict] > 0,
  );
  const parts = (['backdoored', 'suspicious', 'inconclusive', 'clean'] as const)
    .filter((verdict) => verdicts[verdict] > 0)
    .map((verdict) => `${verdicts[verdict]} ${verdict === 'inconclusive' ? 'without a verdict' : verdict}`);
  const counted = `${plural(results.length, 'model')}: ${parts.join(', ') || 'none scanned'}`;
  return `${worst === undefined ? '❔' : signs[worst]} NeuronInspect: ${counted}`;
}

function rows(results: readonly ScanResult[]): string {
  const lines = results.slice(0, rowLimit).map((result) => {
    const evidence = mainEvidence(result);
    const rate = evidence === undefined ? '' : percent(evidence.trigger.attackSuccessRate);
    const target = result.targetClasses.map((index) => labelOf(result, index)).join(', ');
    const score = result.score === undefined ? '' : decimal(result.score);
    return `| ${signs[result.verdict]} ${verdictWord(result)} | ${code(result.model.path)} | ${target === '' ? '' : code(target)} | ${rate} | ${score} |`;
  });
  if (results.length > rowLimit) lines.push(`| | and ${results.length - rowLimit} more | | | |`);
  return ['| Verdict | Model | Target class | Trigger success | Score |', '|:--|:--|:--|--:|--:|', ...lines].join('\n');
}

function verdictWord(result: ScanResult): string {
  if (hasFailed(result)) return 'scan failed';
  return isFlagged(result) && allIgnored(result) ? `${result.verdict}, ignored` : result.verdict;
}

function details(result: ScanResult): string {
  const evidence = isFlagged(result) ? mainEvidence(result) : undefined;
  const { model } = result;
  const bullets = [
    ...grounds(result).map(escaped),
    ...(evidence === undefined ? [] : [`Trigger: ${escaped(triggerPlace(evidence.trigger))}.`]),
    ...result.findings.map(findingLine),
    ...notableChecks(result).map(
      ({ check, severity, message }) => `${severity} ${code(check)}: ${escaped(oneLine(message))}`,
    ),
    ...(model.preprocessing === undefined ? [] : [`Pixels: ${escaped(preprocessingText(model.preprocessing))}`]),
    ...(model.digest === undefined ? [] : [`Digest ${code(model.digest)}`]),
  ];
  return [
    `<details><summary>${signs[result.verdict]} ${code(model.path)}: ${verdictWord(result)}</summary>`,
    `**${escaped(headline(result))}**`,
    ...(bullets.length === 0 ? [] : [bullets.map((bullet) => `- ${bullet}`).join('\n')]),
    `**What to do:** ${nextStep(result)}`,
    '</details>',
  ].join('\n\n');
}

function findingLine(finding: Finding): string {
  const text = `${finding.severity} ${code(finding.rule)}: ${escaped(oneLine(finding.message))}`;
  if (finding.ignored === undefined) return text;
  const until = finding.ignored.expires === undefined ? '' : ` until ${escaped(printable(finding.ignored.expires))}`;
  return `${text} Ignored${until}: ${escaped(oneLine(finding.ignored.statement))}`;
}

function footer({ tool, summary, results }: RunReport): string {
  const parts = [`${tool.name} ${tool.version}`];
  const first = results[0];
  if (first !== undefined) {
    parts.push(`profile ${first.profile.name} v${first.profile.version}`);
    parts.push(`${plural(first.images.count, 'clean image')} ${shortDigest(first.images.digest)}`);
  }
  parts.push(seconds(summary.seconds));
  return `<sub>${escaped(parts.join(' · '))}</sub>`;
}

/** As code, where forges neither link nor mention anything. */
function code(text: string): string {
  return `<code>${escaped(printable(text, 200))}</code>`;
}

/**
 * Outside text in Markdown. A character written as an entity never has a structural meaning (CommonMark 0.31, section 2.5),
 * so markup, table bars, mentions, issue references and bare links are plain text afterwards.
 */
function escaped(text: string): string {
  return printable(text, 2000)
    .replace(/[&<>`*_~|[\]\\#@$]|:(?=\S)/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/\bwww\./gi, (match) => `${match.slice(0, -1)}&#46;`)
    .replace(/^[-+\d]+[.)]?/, (match) => match.replace(/[-+.)]/g, (character) => `&#${character.charCodeAt(0)};`));
}
