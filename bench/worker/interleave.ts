import { join } from 'node:path';
import { loadImages } from '../../adapters/images/load.js';
import { createIsolatedRunner, type IsolatedModel } from '../../adapters/isolation/index.js';
import { planShards } from '../../core/plan/plan.js';
import type { ModelJob } from '../../core/ports/runner.js';
import { cascade1 } from '../../core/scan/profiles.js';

/**
 * What it costs one engine process when the parts of several scans take turns, over the same parts scan by scan.
 *
 *     node dist/bench/worker/interleave.js FOLDER_OF_ZOO [rounds]
 *
 * Four scans; each is inspected, has two shards and one confirmation. Per round, in turn: scan by scan; taking turns in a
 * process that holds one model; taking turns in a process that holds four.
 */
const [zoo, rounds = '5'] = process.argv.slice(2);
if (!zoo) throw new Error('name the folder that holds models/ and images/');

const jobs = await Promise.all(
  [
    ['digits', 'digits-benign-00'],
    ['fashion', 'fashion-benign-00'],
    ['signs', 'signs-p8-ur'],
    ['digits', 'digits-p3'],
  ].map(async ([set, name]): Promise<ModelJob> => ({
    path: join(zoo, 'models', `${name}.onnx`),
    images: await loadImages(join(zoo, 'images', set!), { count: 50 }),
    preprocessing: {},
    profile: cascade1,
    selection: {},
    limits: { maxModelBytes: 2 ** 30, maxRunBytes: 2 ** 28 },
  })),
);

const oneModel = createIsolatedRunner({ workers: 1, provider: 'cpu', timeoutMs: 600_000 });
const fourModels = createIsolatedRunner({ workers: 1, provider: 'cpu', timeoutMs: 600_000, modelsPerWorker: 4 });
const ratios = { oneModel: [] as number[], fourModels: [] as number[] };
for (let round = 0; round <= Number(rounds); round++) {
  const base = await seconds(scanByScan);
  const reopening = await seconds(() => inTurn(oneModel, true));
  const holding = await seconds(() => inTurn(fourModels, false));
  if (round === 0) continue;
  ratios.oneModel.push(reopening / base);
  ratios.fourModels.push(holding / base);
  console.log(
    `scan by scan ${base.toFixed(2)} s, one model ${reopening.toFixed(2)} s, four models ${holding.toFixed(2)} s`,
  );
}
console.log(
  `over scan by scan, median: one model ${median(ratios.oneModel)}, four models ${median(ratios.fourModels)}`,
);
await Promise.all([oneModel.close(), fourModels.close()]);

async function scanByScan(): Promise<void> {
  for (const job of jobs) {
    const model = await oneModel.open(job);
    for (const part of partsOf(model)) await part(model);
    await model.close();
  }
}

async function inTurn(runner: typeof oneModel, reopen: boolean): Promise<void> {
  const models: IsolatedModel[] = [];
  for (const job of jobs) {
    models.push(await runner.open(job));
    if (reopen) await models.at(-1)!.close();
  }
  for (let part = 0; part < partsOf(models[0]!).length; part++) {
    for (const [i, job] of jobs.entries()) {
      if (reopen) models[i] = await runner.open(job);
      await partsOf(models[i]!)[part]!(models[i]!);
      if (reopen) await models[i]!.close();
    }
  }
  for (const model of models) await model.close();
}

function partsOf({ inspection: { classes, tile } }: IsolatedModel): ((model: IsolatedModel) => Promise<unknown>)[] {
  const shards = planShards({ scanId: 'x', classes, images: 50, tile, workers: 2 });
  return [
    (model) => model.runShard(shards[0]!),
    (model) => model.runShard(shards.at(-1)!),
    (model) => model.confirm(0),
  ];
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

function median(values: readonly number[]): string {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!.toFixed(2);
}
