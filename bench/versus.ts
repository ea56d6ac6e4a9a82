import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { FeatureKey } from '../core/scan/features.js';
import {
  compete,
  qualify,
  requireSameNumbers,
  type Agreement,
  type Contestant,
  type ContestResult,
} from './contest.js';
import { inProcess, inWorkers, type OurSide, type OurWork } from './ours.js';
import type { PyTorch } from './pytorch.js';
import type { Setting } from './settings.js';

export interface VersusResult {
  readonly setting: Setting;
  readonly tile: { readonly classes: number; readonly images: number };
  readonly agreement: Agreement;
  /** Rates are per CPU second. */
  readonly oneThread: ContestResult;
  /** Rates are per second of wall time, all cores busy. */
  readonly allCores: ContestResult;
}

/**
 * Our side against PyTorch in one setting.
 * @throws Error when the two sides' numbers differ.
 */
export async function versus(
  pytorch: PyTorch,
  setting: Setting,
  folder: string,
  rounds: number,
): Promise<VersusResult> {
  const { model, rule, classes, images } = setting;
  console.error(`${model}, ${rule}: qualification, one thread, then all cores`);
  const work: OurWork = {
    path: join(folder, `${model}.onnx`),
    imagesPath: join(folder, `${model}.npy`),
    rule,
    features: ['gain'],
    images,
    classes,
  };
  const one = await inProcess(work);
  const many = await inWorkers(work, availableParallelism());
  try {
    const key: FeatureKey = `${rule}.gain`;
    const gains = (await one.run()).values.get(key)!;
    const agreement = requireSameNumbers(gains, await pytorch.gains(setting), images, `${model}, ${rule}`);
    const single = await best(await pytorch.oneThread(setting));
    const oneThread = await compete([ours(one, cpuSeconds), ...single], images * classes, rounds);
    await many.run();
    const ways = single.map(({ name }) => name);
    const parallel = await best(await pytorch.allCores(setting, ways));
    const allCores = await compete([ours(many, wallSeconds), ...parallel], images * classes, rounds);
    return { setting, tile: one.tile, agreement, oneThread, allCores };
  } finally {
    await one.close();
    await many.close();
  }
}

/** The loop as found in the wild in its best layout, and the two fastest of everything else. */
async function best(candidates: readonly Contestant[]): Promise<Contestant[]> {
  const of = (side: Contestant['side']): Contestant[] => candidates.filter((candidate) => candidate.side === side);
  return [...(await qualify(of('loop'), 1)), ...(await qualify(of('peer'), 2))];
}

function ours(side: OurSide, cost: (run: () => Promise<unknown>) => Promise<number>): Contestant {
  return { name: 'NeuronInspect', side: 'ours', run: () => cost(() => side.run()) };
}

async function wallSeconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}

async function cpuSeconds(run: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
