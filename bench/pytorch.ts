import { startPeer, type Peer, type PeerWork } from './peer.js';
import type { Contestant } from './contest.js';
import type { Setting } from './settings.js';

/** The variant that research code uses, and what it computes is the reference of the correctness check. */
const loop = 'per-class loop';

export interface PyTorch {
  readonly version: string;
  /** Gains [classes, images] of the per-class loop. */
  gains(setting: Setting): Promise<readonly number[]>;
  /** Candidates with one thread; their cost is CPU seconds. */
  oneThread(setting: Setting): Promise<Contestant[]>;
  /** The same ways of working, those whose name is in `ways`, on all cores: by threads in one process, by one process per core. The cost is wall seconds. */
  allCores(setting: Setting, ways: readonly string[]): Promise<Contestant[]>;
  close(): void;
}

/** @param quick leaves out what takes minutes to compile. */
export async function startPyTorch(
  python: string,
  script: string,
  folder: string,
  cores: number,
  quick: boolean,
): Promise<PyTorch> {
  const peers = Array.from({ length: cores }, () => startPeer(python, script, folder));
  const threaded = startPeer(python, script, folder);
  const single = peers[0]!;
  const { version, variants: all } = await single.load('mnist', 1);
  const variants = all.filter((variant) => !(quick && variant.includes('compiled')));

  const candidates = (
    { rule, classes, images, batches }: Setting,
    run: (work: PeerWork) => Promise<number>,
  ): Contestant[] =>
    variants.flatMap((variant) =>
      // One image at a time is how the per-class loop is found in the wild; larger batches are offered as an improvement.
      (variant === loop ? [1, ...batches] : batches).map((batch): Contestant => {
        const work: PeerWork = { variant, rule, features: 'gain', classes, images: [0, images], batch };
        return {
          name: `PyTorch ${variant}, ${batch} image${batch === 1 ? '' : 's'}`,
          side: variant === loop && batch === 1 ? 'loop' : 'peer',
          run: () => run(work),
        };
      }),
    );

  return {
    version,
    gains: async ({ model, rule, classes, images }) => {
      await single.load(model, 1);
      const work = { variant: loop, rule, features: 'gain', classes, images: [0, images], batch: images } as const;
      return (await single.run({ ...work, values: true })).values!;
    },
    oneThread: async (setting) => {
      await single.load(setting.model, 1);
      return candidates(setting, async (work) => (await single.run(work)).cpu);
    },
    allCores: async (setting, ways) => {
      await Promise.all([...peers.map((peer) => peer.load(setting.model, 1)), threaded.load(setting.model, cores)]);
      const within = candidates(setting, async (work) => (await threaded.run(work)).seconds);
      const beside = candidates(setting, (work) => splitOver(peers, work));
      const named = (all: Contestant[], layout: string): Contestant[] =>
        all
          .filter(({ name }) => ways.includes(name))
          .map((contestant) => ({ ...contestant, name: `${contestant.name}, ${cores} ${layout}` }));
      return [...named(beside, 'processes'), ...named(within, 'threads')];
    },
    close: () => {
      for (const peer of [...peers, threaded]) peer.close();
    },
  };
}

/** Equal parts of the images to every process; seconds until the last one is done. */
async function splitOver(peers: readonly Peer[], work: PeerWork): Promise<number> {
  const [start, end] = work.images;
  const bound = (i: number): number => start + Math.round(((end - start) * i) / peers.length);
  const began = performance.now();
  await Promise.all(peers.map((peer, i) => peer.run({ ...work, images: [bound(i), bound(i + 1)] })));
  return (performance.now() - began) / 1000;
}
