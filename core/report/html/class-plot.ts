import type { DetectorReport, ScanResult } from '../../scan/result.js';
import { Markup, markup } from '../markup.js';
import { decimal, oneLine, plural } from '../text.js';
import { labelOf, pValue } from '../words.js';

/** A detector with an index for each class. */
export interface PlottedDetector {
  readonly detector: DetectorReport;
  /** By position in `result.classes`. */
  readonly values: readonly number[];
}

/** Detectors that can be drawn: those that fired first, then the furthest above their threshold. */
export function plottedDetectors(result: ScanResult): PlottedDetector[] {
  const plotted = result.detectors.flatMap((detector) => {
    const values = result.classes.map((report) => report.indices[detector.id]);
    const known = values.filter((value) => value !== undefined && Number.isFinite(value));
    if (known.length < 2) return [];
    return [{ detector, values: values.map((value) => (Number.isFinite(value) ? value! : 0)) }];
  });
  return plotted.sort((a, b) => Number(b.detector.fired) - Number(a.detector.fired));
}

/** Unit square of the drawing; it is stretched to the width of the page, strokes and text are not. */
const unit = 1000;

/** One stem per class, the threshold as a dashed line, classes above it in the colour of the verdict and labelled. */
export function classPlot({ detector, values }: PlottedDetector, result: ScanResult): Markup {
  const { threshold } = detector;
  const top = niceTop(Math.max(threshold * 1.25, ...values));
  const x = (index: number): number => round(((index + 0.5) / values.length) * unit);
  const y = (value: number): number => round((1 - Math.min(value, top) / top) * unit);
  const above = values.flatMap((value, index) => (value > threshold ? [index] : []));
  const below = values.flatMap((value, index) => (value > threshold ? [] : [index]));
  const stems = values.length <= 120;
  const layer = (positions: readonly number[], kind: string): Markup => {
    if (positions.length === 0) return new Markup('');
    const dots = positions.map((index) => `M${x(index)} ${y(values[index]!)}h0`).join('');
    const lines = stems ? positions.map((index) => `M${x(index)} ${unit}V${y(values[index]!)}`).join('') : '';
    const width = values.length > 300 ? 4 : values.length > 60 ? 6 : 9;
    return markup`<path class="${kind}" d="${new Markup(lines)}" fill="none" stroke-width="2" vector-effect="non-scaling-stroke"/><path class="${kind}" d="${new Markup(dots)}" fill="none" stroke-width="${width}" stroke-linecap="round" vector-effect="non-scaling-stroke"/>`;
  };
  const percent = (value: number): string => `${round(value / 10)}%`;
  return markup`<figure class="plot">
<figcaption><strong>${oneLine(detector.title)}</strong><br><span class="muted">${caption(detector, result)}</span></figcaption>
<svg class="chart" role="img" aria-label="${description(detector, result, above.length)}">
<svg viewBox="0 0 ${unit} ${unit}" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">
<path class="axis" d="M0 ${unit}H${unit}" vector-effect="non-scaling-stroke"/><path class="threshold" d="M0 ${y(threshold)}H${unit}" vector-effect="non-scaling-stroke"/>
${layer(below, 'ordinary')}${layer(above, 'outlier')}
</svg>
<text x="0" dx="-8" y="100%" dy="4" text-anchor="end">0</text><text x="0" dx="-8" y="${percent(y(threshold))}" dy="4" text-anchor="end">${decimal(threshold)}</text>${
    y(threshold) > 120 && markup`<text x="0" dx="-8" y="0" dy="4" text-anchor="end">${decimal(top)}</text>`
  }
<text x="${threshold > top / 2 ? '0' : '100%'}" y="${percent(y(threshold))}" dy="-6" text-anchor="${threshold > top / 2 ? 'start' : 'end'}">threshold</text>
${marks(above, values).map((index) => {
  const right = x(index) > unit / 2;
  return markup`<text class="mark" x="${percent(x(index))}" dx="${right ? -9 : 9}" y="${percent(y(values[index]!))}" dy="4" text-anchor="${right ? 'end' : 'start'}">${result.classes[index]!.index}: ${decimal(values[index])}</text>`;
})}
${ticks(values.length).map((index) => markup`<text x="${percent(x(index))}" y="100%" dy="18" text-anchor="middle">${result.classes[index]!.index}</text>`)}
</svg>
</figure>`;
}

function caption(detector: DetectorReport, result: ScanResult): string {
  const p = detector.pValue === undefined ? '' : `, p ${pValue(detector.pValue)}`;
  return `Class ${labelOf(result, detector.classIndex)}: ${decimal(detector.value)}, threshold ${decimal(detector.threshold)}${p}`;
}

function description(detector: DetectorReport, result: ScanResult, above: number): string {
  return `Plot of the anomaly index per class. ${plural(above, 'class', 'classes')} above the threshold ${decimal(detector.threshold)}; class ${labelOf(result, detector.classIndex)} has ${decimal(detector.value)}.`;
}

/** The three largest outliers that are far enough apart to be labelled. */
function marks(above: readonly number[], values: readonly number[]): number[] {
  const sorted = [...above].sort((a, b) => values[b]! - values[a]!);
  const largest = values[sorted[0] ?? 0]!;
  const chosen: number[] = [];
  for (const index of sorted) {
    const crowded = chosen.some((other) => Math.abs(values[other]! - values[index]!) < 0.12 * largest);
    if (!crowded) chosen.push(index);
  }
  return chosen.slice(0, 3);
}

function ticks(count: number): number[] {
  const step = [1, 5, 10, 20, 50, 100, 200, 500, 1000].find((size) => count / size <= 12) ?? Math.ceil(count / 12);
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

/** The next of 1, 1.5, 2, 3, 5, 7.5 times a power of ten. */
function niceTop(value: number): number {
  if (!Number.isFinite(value) || value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 5, 7.5].find((factor) => factor * power >= value) ?? 10) * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
