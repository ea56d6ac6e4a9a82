import { largestRelativeDifference, spreadOf, type Spread } from './statistics.js';

/** One way to do the work. */
export interface Contestant {
  readonly name: string;
  readonly side: 'ours' | 'loop' | 'peer';
  /** Does all the work once; returns the cost: wall seconds or CPU seconds. */
  readonly run: () => Promise<number>;
}

export interface ContestResult {
  /** Images x classes. */
  readonly work: number;
  readonly rounds: number;
  /** Images x classes per second, by contestant. */
  readonly rates: readonly { readonly name: string; readonly side: Contestant['side']; readonly rate: Spread }[];
  /** Ours over the best of a side within each round. */
  readonly overLoop: Spread;
  readonly overBest: Spread;
}

/**
 * Runs all contestants in turn, round after round (A B C A B C ...), so that what else the machine does hits all of them.
 * The ratio of a round is taken within that round; every round is free to have another best peer.
 */
export async function compete(
  contestants: readonly Contestant[],
  work: number,
  rounds: number,
): Promise<ContestResult> {
  const rates = contestants.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      // One that gives up, as threads may that wait for each other on a busy machine, loses the round.
      const cost = contestant.side === 'ours' ? contestant.run() : contestant.run().catch(() => Infinity);
      rates[i]!.push(work / (await cost));
    }
  }
  const best = (round: number, sides: readonly Contestant['side'][]): number =>
    Math.max(...contestants.map(({ side }, i) => (sides.includes(side) ? rates[i]![round]! : 0)));
  const over = (sides: readonly Contestant['side'][]): Spread =>
    spreadOf(Array.from({ length: rounds }, (_, round) => best(round, ['ours']) / best(round, sides)));
  return {
    work,
    rounds,
    rates: contestants.map(({ name, side }, i) => ({ name, side, rate: spreadOf(rates[i]!) })),
    overLoop: over(['loop']),
    overBest: over(['loop', 'peer']),
  };
}

/** Runs every candidate twice and keeps the `keep` fastest by the second time; what fails or is hopeless is left out. */
export async function qualify(candidates: readonly Contestant[], keep: number): Promise<Contestant[]> {
  const times: { contestant: Contestant; cost: number }[] = [];
  for (const contestant of candidates) {
    try {
      const first = await contestant.run();
      const fastest = Math.min(...times.map(({ cost }) => cost));
      // A first run pays for warming up; one many times slower than the best is not run again.
      const cost = first > 8 * fastest ? first : Math.min(first, await contestant.run());
      console.error(`  ${contestant.name}: ${cost.toFixed(2)} s`);
      times.push({ contestant, cost });
    } catch (thrown) {
      console.error(`left out: ${contestant.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }
  return times
    .sort((a, b) => a.cost - b.cost)
    .slice(0, keep)
    .map(({ contestant }) => contestant);
}

/** Largest relative difference of two sides' gains that still counts as the same numbers. */
const tolerance = 1e-4;
/**
 * Where the input of a ReLU, or the gap between two values in a pooling window, is within rounding of zero, the sides may
 * decide differently, and all classes of that image move a little. Such images are few, and they do not move far.
 */
const nearTies = { tolerance: 1e-2, share: 0.05 };

export interface Agreement {
  /** Largest relative difference over the images without a near tie. */
  readonly difference: number;
  readonly imagesWithNearTie: number;
}

/**
 * @param ours gains [classes, images], like the reference.
 * @throws Error when the sides do not compute the same: times would mean nothing.
 */
export function requireSameNumbers(
  ours: ArrayLike<number>,
  reference: ArrayLike<number>,
  images: number,
  what: string,
): Agreement {
  const ofImage = (all: ArrayLike<number>, image: number): number[] =>
    Array.from(all).filter((_, i) => i % images === image);
  const differences = Array.from({ length: images }, (_, image) =>
    largestRelativeDifference(ofImage(ours, image), ofImage(reference, image)),
  );
  const same = differences.filter((difference) => difference <= tolerance);
  const worst = Math.max(...differences);
  const imagesWithNearTie = images - same.length;
  if (worst > nearTies.tolerance || imagesWithNearTie > Math.ceil(nearTies.share * images)) {
    throw new Error(
      `${what}: the sides differ by more than ${tolerance} relative on ${imagesWithNearTie} of ${images} images, ` +
        `by ${worst.toExponential(1)} at most; nothing is timed`,
    );
  }
  return { difference: Math.max(0, ...same), imagesWithNearTie };
}
