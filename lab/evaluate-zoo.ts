/**
 * Scans every model of a zoo and compares the verdicts with the manifest: right class detected, false alarms, AUROC.
 *
 * Usage: node dist/lab/evaluate-zoo.js [--zoo ../shared/zoo] [--profile cascade-1] [--count 50] [--json FILE]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createOnnxruntimeEngine } from '../adapters/engines/onnxruntime/index.js';
import { fileDigest, readModel } from '../adapters/formats/index.js';
import { sha256 } from '../adapters/hash/sha256.js';
import { loadImages } from '../adapters/images/load.js';
import { nullTables } from '../core/detect/p-value.js';
import { openModel } from '../core/execute/open-model.js';
import type { ModelJob, Runner } from '../core/ports/runner.js';
import type { ImageSet } from '../core/scan/images.js';
import { profileNamed } from '../core/scan/profiles.js';
import type { ScanResult } from '../core/scan/result.js';
import { scanModel, type ScanDependencies } from '../core/scan/scan-model.js';
import { areaUnderRoc } from './roc.js';

interface ZooModel {
  readonly file: string;
  readonly dataset: string;
  readonly label: 'benign' | 'trojaned';
  readonly target: number | null;
  readonly attack: string;
}

const { values } = parseArgs({
  options: {
    zoo: { type: 'string', default: '../shared/zoo' },
    profile: { type: 'string', default: 'cascade-1' },
    count: { type: 'string', default: '50' },
    json: { type: 'string' },
  },
});
const models = JSON.parse(readFileSync(join(values.zoo, 'manifest.json'), 'utf8')) as ZooModel[];
const profile = { ...profileNamed(values.profile), images: Number(values.count) };
const engine = createOnnxruntimeEngine({ provider: 'cpu' });
const runner: Runner = {
  open: async (job: ModelJob) => openModel(engine, (await readModel(job.path)).graph, job),
  close: () => Promise.resolve(),
};

const dependencies: ScanDependencies = {
  runner,
  sha256,
  clock: { now: () => performance.now() / 1000, after: () => () => undefined },
  identify: (path) => fileDigest(path),
  nullTables: nullTables(),
};

const images = new Map<string, Promise<ImageSet>>();
const rows: { model: ZooModel; result: ScanResult }[] = [];
for (const model of models) {
  const folder = join(values.zoo, 'images', model.dataset);
  if (!images.has(folder)) images.set(folder, loadImages(folder, { count: profile.images }));
  const result = await scanModel(dependencies, {
    path: join(values.zoo, 'models', model.file),
    images: await images.get(folder)!,
    preprocessing: {},
    profile,
    selection: {},
    limits: { maxModelBytes: 2 ** 31, maxRunBytes: 2 ** 30 },
  });
  rows.push({ model, result });
  console.log(lineOf(model, result));
}
for (const dataset of [...new Set(models.map((model) => model.dataset))]) console.log(summaryOf(dataset));
if (values.json) writeFileSync(values.json, JSON.stringify(rows, null, 1));

function lineOf(model: ZooModel, result: ScanResult): string {
  const detectors = result.detectors.map((d) => `${d.id}=${d.value.toFixed(2)}@${d.classIndex}`).join(' ');
  const trigger = result.evidence[0]?.trigger;
  return [
    model.file.padEnd(30),
    model.label.padEnd(8),
    String(model.target ?? '-').padStart(3),
    result.verdict.padEnd(12),
    result.targetClasses.join(',').padEnd(4),
    `score=${result.score?.toFixed(2)}`,
    `${result.timings.total.toFixed(2)}s`,
    trigger ? `energy=${trigger.energy.toFixed(2)} asr=${trigger.attackSuccessRate.toFixed(2)}` : '',
    detectors,
    result.reason?.message ?? '',
  ].join(' ');
}

/** A hit names the true target; all-to-all attacks have none and count as trojaned for the AUROC alone. */
function summaryOf(dataset: string): string {
  const own = rows.filter(({ model }) => model.dataset === dataset);
  const trojaned = own.filter(({ model }) => model.label === 'trojaned');
  const benign = own.filter(({ model }) => model.label === 'benign');
  const alarmed = ({ result }: { result: ScanResult }): boolean =>
    result.verdict === 'suspicious' || result.verdict === 'backdoored';
  const hits = trojaned.filter(
    (row) => alarmed(row) && row.model.target !== null && row.result.targetClasses.includes(row.model.target),
  );
  const scores = (group: typeof own): number[] => group.map(({ result }) => result.score ?? 0);
  return (
    `${dataset}: ${hits.length} of ${trojaned.length} backdoored models with the right class, ` +
    `${benign.filter(alarmed).length} false alarms on ${benign.length} benign models, ` +
    `AUROC ${areaUnderRoc(scores(trojaned), scores(benign)).toFixed(2)}`
  );
}
