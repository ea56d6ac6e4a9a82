import { printValueInfo } from '../../../core/onnx/print.js';
import { preprocessingText } from '../../../core/report/preprocessing.js';
import { pad, padStart, painter, wrap, type Paint, type Style } from '../../../core/report/terminal.js';
import { bytes, oneLine, plural, printable } from '../../../core/report/text.js';
import type { Severity } from '../../../core/scan/result.js';
import type { StatedPreprocessing } from '../../../core/scan/stated-preprocessing.js';
import type { OpUse, Survey } from '../../../core/survey/index.js';
import type { InspectEntry } from './entry.js';

/** For a person at a terminal: one block per model. */
export function inspectTable(entries: readonly InspectEntry[], colour: boolean): string {
  const paint = painter(colour);
  const blocks = entries.map((entry) => block(entry, paint).join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

const room = 110;
const label = 11;

function block(entry: InspectEntry, paint: Paint): string[] {
  const { survey, obstacle } = entry;
  const facts: (readonly [string, string])[] = [['File', fileText(entry)]];
  if (survey) facts.push(...graphFacts(survey.graph));
  if (survey?.classifier) facts.push(['Reads', classifierText(survey.classifier)]);
  if (entry.preprocessing) facts.push(['Pixels', pixelsText(entry.preprocessing)]);
  if (survey?.scan) facts.push(['Scan', scanText(survey.scan)]);
  const verdict = obstacle ? `cannot be scanned (${obstacle.code}): ${oneLine(obstacle.message)}` : 'can be scanned';
  facts.push(['Result', verdict]);
  return [
    paint(printable(entry.path), 'bold'),
    ...facts.flatMap(([name, text]) => hanging(name, text)),
    ...(survey && survey.ops.length > 0 ? ['', ...opLines(survey.ops)] : []),
    ...(survey && survey.findings.length > 0 ? ['', ...findingLines(survey.findings, paint)] : []),
  ];
}

function fileText({ format, digest, bytes: size, files }: InspectEntry): string {
  const names = files.length > 1 ? `${plural(files.length, 'file')}: ${listed(files)}` : undefined;
  const known = [format, size === undefined ? undefined : bytes(size), names, digest];
  return known.filter((text) => text !== undefined).join(', ') || 'not read';
}

function graphFacts({ opsets, irVersion, producer, nodes, parameters, inputs, outputs }: Survey['graph']) {
  const versions = [...opsets].map(([domain, version]) => (domain ? `${printable(domain, 60)} ${version}` : version));
  const writer = producer ? `, written by ${printable(producer, 80)}` : '';
  const size = `${plural(nodes, 'node')}, ${parameters.toLocaleString('en-US')} parameters`;
  return [
    ['Graph', `opset ${versions.join(', ')}, IR version ${irVersion}${writer}; ${size}`],
    ['Inputs', values(inputs)],
    ['Outputs', values(outputs)],
  ] as const;
}

function values(infos: Survey['graph']['inputs']): string {
  return listed(infos.map(printValueInfo), '; ');
}

function classifierText(found: NonNullable<Survey['classifier']>): string {
  const { inputName, layout, inputDims, sizeAssumed, logitsName, cut, classes, fixedBatch } = found;
  const image = `image '${printable(inputName, 80)}' as ${layout}, ${inputDims.join(' x ')}`;
  const logits = `${classes === undefined ? 'logits' : `${classes} classes`} from '${printable(logitsName, 80)}'`;
  return [
    image + (sizeAssumed ? ' (the model leaves the size open; --resize HxW sets it)' : ''),
    logits + (cut ? `, before the final ${cut}, which is cut off` : ''),
    ...(fixedBatch === undefined ? [] : [`always ${plural(fixedBatch, 'image')} at a time`]),
  ].join('; ');
}

function pixelsText(stated: StatedPreprocessing): string {
  const size = stated.size === undefined ? '' : `; pictures of ${stated.size.join(' x ')}`;
  return `${preprocessingText(stated)}${size}; --scale, --mean or --std replaces these numbers`;
}

function scanText({ rules, images, tile, shards, runBytes }: NonNullable<Survey['scan']>): string {
  return (
    `${rules.join(', ')} gradients of ${plural(images, 'image')} in ${plural(shards, 'shard')} of tiles of ` +
    `${plural(tile.classes, 'class', 'classes')} x ${plural(tile.images, 'image')}; a run takes about ${bytes(runBytes)}`
  );
}

function opLines(ops: readonly OpUse[]): string[] {
  const names = ops.map(({ op }) => printable(op, 50));
  const width = Math.max(...names.map(({ length }) => length));
  return [
    '  Operators, nodes in the file, and their gradients in a scan',
    ...ops.map((use, i) => `  ${pad(names[i]!, width)} ${padStart(String(use.nodes), 6)}  ${treatment(use)}`),
  ];
}

const supports: Readonly<Record<OpUse['support'], string>> = {
  rule: 'backward rule',
  zero: 'zero derivative',
  replaced: 'written in other operators',
  forward: 'forward only',
  none: 'not supported',
};

function treatment({ support, nodes, run, refused, refusedNodes }: OpUse): string {
  const names = refusedNodes.map((name) => `'${printable(name, 60)}'`).join(', ');
  const problem = refused > 0 ? `not supported: ${names}${refused > refusedNodes.length ? ', ...' : ''}` : undefined;
  if (!run) return problem ?? supports[support];
  const parts = [
    [run.rule, 'backward rule'],
    [run.zero, 'zero derivative'],
    [run.forward, 'forward only, not on a path from image to logits'],
  ] as const;
  const used = parts.filter(([count]) => count > 0);
  const counted = used.map(([count, what]) => (used.length === 1 && count === nodes ? what : `${count} ${what}`));
  if (problem) counted.push(problem);
  if (counted.length > 0) return counted.join('; ');
  return support === 'replaced'
    ? 'resolved, or written in other operators'
    : 'not run: constant, without effect or cut off';
}

const styles: Readonly<Record<Severity, Style>> = { note: 'dim', warning: 'yellow', error: 'red' };

function findingLines(findings: Survey['findings'], paint: Paint): string[] {
  return [
    '  Static checks',
    ...findings.flatMap(({ check, severity, message }) => {
      const [first = '', ...rest] = wrap(oneLine(`${check}: ${message}`), room - label - 2);
      return [
        `  ${paint(pad(severity, label), styles[severity])}${first}`,
        ...rest.map((line) => ' '.repeat(label + 2) + line),
      ];
    }),
  ];
}

function hanging(name: string, text: string): string[] {
  const [first = '', ...rest] = wrap(text, room - label - 2);
  return [`  ${pad(name, label)}${first}`, ...rest.map((line) => ' '.repeat(label + 2) + line)];
}

function listed(texts: readonly string[], separator = ', '): string {
  const shown = texts.slice(0, maxListed).map((text) => printable(text, 120));
  return (shown.join(separator) || 'none') + (texts.length > maxListed ? `, ${texts.length - maxListed} more` : '');
}

const maxListed = 8;
