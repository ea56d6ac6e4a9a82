import { readdirSync, readFileSync } from 'node:fs';

/** What processes and all their descendants used so far. */
export interface Usage {
  /** User plus system time; that of children that have ended is included. */
  readonly cpuSeconds: number;
  /** Pages that processes share count for each. */
  readonly residentBytes: number;
}

/** Linux only. A process that is gone counts as nothing. */
export function usageOf(roots: readonly number[]): Usage {
  const all = readdirSync('/proc').flatMap((entry) => readProcess(Number(entry)) ?? []);
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const inTree = (pid: number | undefined): boolean =>
    pid !== undefined && (roots.includes(pid) || inTree(parents.get(pid)));
  const members = all.filter(({ pid }) => inTree(pid));
  return {
    cpuSeconds: members.reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond,
    residentBytes: members.reduce((sum, { pages }) => sum + pages, 0) * pageBytes,
  };
}

/** Samples the peak of resident memory until it is stopped. */
export function watchResidentBytes(root: number): { stop(): number } {
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, usageOf([root]).residentBytes);
  };
  sample();
  const timer = setInterval(sample, 20);
  return {
    stop: () => {
      sample();
      clearInterval(timer);
      return peak;
    },
  };
}

/** USER_HZ, which Linux fixes for what `/proc` shows. */
const ticksPerSecond = 100;
const pageBytes = 4096;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/** See proc(5). The second field is the command in parentheses and may hold anything. */
function readProcess(pid: number): Process | undefined {
  if (!Number.isInteger(pid)) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (number: number): number => Number(fields[number - 3]);
    return { pid, parent: field(4), ticks: field(14) + field(15) + field(16) + field(17), pages: field(24) };
  } catch {
    // The process ended meanwhile.
    return undefined;
  }
}
