import type { DetectorReport, Finding, ScanResult } from '../../scan/result.js';
import { findingRules } from '../../scan/result.js';
import type { RenderContext, RunReport } from '../format.js';
import type { Content } from '../markup.js';
import { markup } from '../markup.js';
import { bytes, decimal, oneLine, percent, plural, printable, seconds } from '../text.js';
import {
  allIgnored,
  grounds,
  hasFailed,
  headline,
  isFlagged,
  labelOf,
  nextStep,
  pValue,
  verdictTitles,
} from '../words.js';
import { preprocessingText } from '../preprocessing.js';
import { classPlot, plottedDetectors } from './class-plot.js';
import { evidenceBlock } from './evidence.js';
import { facts } from './page.js';

export interface SectionOptions {
  /** Anchor of the section. */
  readonly id: string;
  /** Pictures are shown: trigger, samples, heat maps. */
  readonly pictures: boolean;
}

export const signs = { backdoored: '✗', suspicious: '!', inconclusive: '?', clean: '✓' } as const;

/** Rows of the table of classes; the JSON report has all. */
const classRowLimit = 60;
const plotLimit = 4;

/** Everything about one model, from the verdict down to what repeats the scan. */
export async function modelSection(
  result: ScanResult,
  report: RunReport,
  { id, pictures }: SectionOptions,
  { encodeImage }: RenderContext,
): Promise<Content> {
  const shown = isFlagged(result) ? result.evidence : [];
  const evidence = pictures
    ? await Promise.all(shown.map((one) => evidenceBlock(one, result, encodeImage)))
    : shown.length > 0 &&
      markup`<p class="note">The pictures of this model are left out, as this report covers many models. Scan it alone to see them.</p>`;
  return markup`<section class="sheet model ${result.verdict}" id="${id}" aria-labelledby="${id}-title">
<header class="banner">
<p class="verdict"><span class="sign" aria-hidden="true">${signs[result.verdict]}</span>${verdictTitle(result)}</p>
<h2 id="${id}-title" class="path mono">${printable(result.model.path)}</h2>
<p class="headline">${headline(result)}</p>
</header>
<div class="inside">
${why(result)}
${evidence}
${plots(result)}
${detectorTable(result)}
${classTable(result)}
${fileChecks(result)}
${reproduce(result, report)}
</div>
</section>`;
}

/** The verdict in front of a person, and whether it is accepted. */
export function verdictTitle(result: ScanResult): string {
  if (hasFailed(result)) return 'Scan failed';
  const title = verdictTitles[result.verdict];
  return isFlagged(result) && allIgnored(result) ? `${title} (ignored)` : title;
}

function why(result: ScanResult): Content {
  const reasons = grounds(result);
  return markup`<div class="columns">
<div>${
    reasons.length > 0 &&
    markup`<h3>${result.verdict === 'clean' ? 'What was looked at' : 'What this rests on'}</h3><ul>${reasons.map((reason) => markup`<li>${reason}</li>`)}</ul>`
  }${result.findings.map((finding) => findingNote(finding))}</div>
<div class="todo"><h3>What to do next</h3><p>${nextStep(result).replaceAll('`', '')}</p></div>
</div>`;
}

function findingNote(finding: Finding): Content {
  const { ignored } = finding;
  return markup`<div class="note"><strong>${findingRules[finding.rule].title}</strong> <span class="muted small">severity ${finding.severity}</span><br>${oneLine(finding.message)}${
    ignored !== undefined &&
    markup`<br><em>Ignored${ignored.expires !== undefined && ` until ${printable(ignored.expires)}`}:</em> ${oneLine(ignored.statement)}`
  }</div>`;
}

/** Apart from what the verdict rests on, because it does not rest on these. */
function fileChecks({ checks = [] }: ScanResult): Content {
  if (checks.length === 0) return undefined;
  return markup`<h3>About the file</h3><p class="muted small">Found by static checks, which change no verdict.</p>${checks.map(
    ({ check, severity, message }) =>
      markup`<div class="note"><strong>${printable(check)}</strong> <span class="muted small">severity ${severity}</span><br>${oneLine(message)}</div>`,
  )}`;
}

function plots(result: ScanResult): Content {
  const plotted = plottedDetectors(result).slice(0, plotLimit);
  if (plotted.length === 0) return undefined;
  return markup`<h3>All ${result.classes.length} classes compared</h3><p>Anomaly index of each class, by class number: how many deviations it lies from the middle of all classes on the suspicious side. 0 is ordinary, larger is more suspicious.</p><div class="plots">${plotted.map((one) => classPlot(one, result))}</div>`;
}

function detectorTable(result: ScanResult): Content {
  if (result.detectors.length === 0) return undefined;
  return markup`<h3>Tests</h3><div class="table"><table class="stack">
<thead><tr><th scope="col">Test</th><th scope="col">Class</th><th scope="col" class="number">Value</th><th scope="col" class="number">Fires at</th><th scope="col" class="number">p-value</th><th scope="col">Result</th></tr></thead>
<tbody>${result.detectors.map(
    (detector) =>
      markup`<tr><td class="name">${oneLine(detector.title)}</td><td data-label="class">${labelOf(result, detector.classIndex)}</td><td class="number" data-label="value">${decimal(detector.value)}</td><td class="number" data-label="fires at">${firesBelow(detector) ? '<' : '>'} ${decimal(detector.threshold)}</td><td class="number${detector.pValue === undefined && ' none'}" data-label="p">${detector.pValue === undefined ? '–' : pValue(detector.pValue).replace('= ', '')}</td><td>${detector.fired ? markup`<strong class="flipped">fired</strong>` : 'quiet'}</td></tr>`,
  )}</tbody>
</table></div>${nulls(result)}`;
}

/** A detector does not say on which side it fires; its value and outcome do. */
function firesBelow({ fired, value, threshold }: DetectorReport): boolean {
  return fired ? value < threshold : value > threshold;
}

/** What the p-values assume, each assumption once. */
function nulls(result: ScanResult): Content {
  const sentences = [...new Set(result.detectors.flatMap(({ nullHypothesis }) => nullHypothesis ?? []))];
  if (sentences.length === 0) return undefined;
  return markup`<p class="small muted">The p-values assume that ${sentences.map((text) => oneLine(text)).join('; or that ')}.</p>`;
}

function classTable(result: ScanResult): Content {
  if (result.classes.length === 0) return undefined;
  const indexKeys = [...new Set(result.classes.flatMap((report) => Object.keys(report.indices)))];
  const featureKeys = [...new Set(result.classes.flatMap((report) => Object.keys(report.features)))];
  const largest = (report: ScanResult['classes'][number]): number =>
    Math.max(0, ...Object.values(report.indices).filter(Number.isFinite));
  const rows =
    result.classes.length <= classRowLimit
      ? result.classes
      : [...result.classes].sort((a, b) => largest(b) - largest(a)).slice(0, classRowLimit);
  const head = (key: string): Content => markup`<th scope="col" class="number">${key}</th>`;
  return markup`<details><summary>${
    rows.length === result.classes.length
      ? `Indices and features of all ${plural(rows.length, 'class', 'classes')}`
      : `Indices and features of the ${rows.length} most unusual of ${result.classes.length} classes`
  }</summary><div class="table"><table>
<thead><tr><th scope="col">Class</th>${indexKeys.map((key) => head(`${key} index`))}${featureKeys.map(head)}</tr></thead>
<tbody>${rows.map(
    (report) =>
      markup`<tr><td>${labelOf(result, report.index)}</td>${indexKeys.map((key) => markup`<td class="number">${decimal(report.indices[key])}</td>`)}${featureKeys.map((key) => markup`<td class="number">${decimal(report.features[key])}</td>`)}</tr>`,
  )}</tbody>
</table></div></details>`;
}

function reproduce(result: ScanResult, report: RunReport): Content {
  const { model, images, engine, profile, timings } = result;
  const parts = [
    timings.inspect !== undefined && `inspect ${seconds(timings.inspect)}`,
    timings.saliency !== undefined && `saliency ${seconds(timings.saliency)}`,
    timings.confirm !== undefined && `confirm ${seconds(timings.confirm)}`,
  ].filter((part) => part !== false);
  return markup`<h3>Settings and digests</h3>${facts([
    ['Model', model.digest !== undefined && markup`<code>${model.digest}</code>`],
    [
      'Shape',
      [
        model.format,
        model.inputDims &&
          `input ${model.inputDims.join(' × ')}${model.layout === undefined ? '' : ` (${model.layout})`}`,
        model.classes !== undefined && plural(model.classes, 'class', 'classes'),
        model.bytes !== undefined && bytes(model.bytes),
      ]
        .filter((part) => typeof part === 'string')
        .join(', '),
    ],
    ['Pixels', model.preprocessing && preprocessingText(model.preprocessing)],
    [
      'Images',
      markup`${plural(images.count, 'clean image')}, ${images.labelled} with a label${images.accuracy !== undefined && `, ${percent(images.accuracy)} recognised`}<br><code>${images.digest}</code>`,
    ],
    ['Profile', markup`${printable(profile.name)} version ${profile.version}<br><code>${profile.hash}</code>`],
    [
      'Engine',
      engine !== undefined &&
        `${printable(engine.name)} ${printable(engine.version)} on ${printable(engine.provider)}, ${plural(engine.workers, 'worker')}`,
    ],
    ['Scan', markup`<code>${result.scanId}</code>`],
    [
      'Time',
      `${seconds(timings.total)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}${result.cached ? ', read from the cache' : ''}`,
    ],
  ])}${report.command !== undefined && markup`<pre><code>${oneLine(report.command)}</code></pre>`}`;
}
