import type { CliResult, ProcessCost } from './cli.js';
import type { ContestResult } from './contest.js';
import type { ManyClassesResult } from './many-classes.js';
import type { Spread } from './statistics.js';
import type { VersusResult } from './versus.js';

export function versusTable({ setting, tile, agreement, oneThread, allCores }: VersusResult): string {
  const { model, rule, classes, images } = setting;
  return [
    '',
    `${model}, ${rule} rule, ${images} images x ${classes} classes (tile ${tile.images} x ${tile.classes}); ` +
      `gains agree to ${agreement.difference.toExponential(1)}` +
      (agreement.imagesWithNearTie > 0 ? ` (but for ${agreement.imagesWithNearTie} with a near tie)` : ''),
    ...contestLines('per CPU second, one thread', oneThread),
    ...contestLines('per second, all cores', allCores),
  ].join('\n');
}

function contestLines(unit: string, { rates, overLoop, overBest }: ContestResult): string[] {
  return [
    `  images x classes ${unit}`.padEnd(62) + 'min'.padStart(8) + 'median'.padStart(8) + 'max'.padStart(8),
    ...rates.map(({ name, rate }) => `    ${name.padEnd(58)}${cells(rate, (value) => value.toPrecision(3))}`),
    `    ${'ratio to the per-class loop, one image at a time'.padEnd(58)}${cells(overLoop, (value) => value.toFixed(2))}`,
    `    ${'ratio to the best of PyTorch'.padEnd(58)}${cells(overBest, (value) => value.toFixed(2))}`,
  ];
}

export function cliTable({ help, scan, cpuBeyondStart }: CliResult): string {
  return [
    '',
    'command line'.padEnd(62) + 'min'.padStart(8) + 'median'.padStart(8) + 'max'.padStart(8),
    ...processLines('--help', help),
    ...processLines('scan, 10 classes, 50 images', scan),
    `    ${'CPU seconds of the scan beyond those of --help'.padEnd(58)}${cells(cpuBeyondStart, seconds)}`,
  ].join('\n');
}

function processLines(name: string, cost: ProcessCost): string[] {
  return [
    `    ${`${name}: seconds`.padEnd(58)}${cells(cost.seconds, seconds)}`,
    `    ${`${name}: CPU seconds`.padEnd(58)}${cells(cost.cpu, seconds)}`,
    `    ${`${name}: peak MiB, all processes`.padEnd(58)}${cells(cost.peakBytes, mebibytes)}`,
  ];
}

export function manyClassesTable(result: ManyClassesResult): string {
  const { classes, images, tile, peakBytes, openSeconds, shardsRun, shards, wholeSeconds } = result;
  return [
    '',
    `ResNet-50, ${classes} classes x ${images} images, three rules (tile ${tile.images} x ${tile.classes})`,
    `    peak of all processes: ${mebibytes(peakBytes)} MiB`,
    `    ${openSeconds.toFixed(1)} s to open; ${shardsRun} of ${shards} tiles in ${result.seconds.toFixed(1)} s, ` +
      `so ${wholeSeconds.toFixed(0)} s for all`,
  ].join('\n');
}

function cells({ min, median, max }: Spread, format: (value: number) => string): string {
  return [min, median, max].map((value) => format(value).padStart(8)).join('');
}

const seconds = (value: number): string => value.toFixed(2);
const mebibytes = (value: number): string => (value / 2 ** 20).toFixed(0);
