import { readdirSync, readFileSync } from 'node:fs';

/** Resident bytes of a process and all its descendants together. Linux only; pages they share count for each. */
export function residentBytes(root: number): number {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    // The name in parentheses may hold spaces; the parent is the second field behind it.
    const fields = read(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ');
    if (fields) parents.set(pid, Number(fields[1]));
  }
  const inTree = (pid: number | undefined): boolean => pid !== undefined && (pid === root || inTree(parents.get(pid)));
  let bytes = 0;
  for (const pid of parents.keys()) {
    if (inTree(pid)) bytes += Number(read(`/proc/${pid}/statm`)?.split(' ')[1] ?? 0) * pageBytes;
  }
  return bytes;
}

/** Samples the peak until it is stopped. */
export function watchResidentBytes(root: number): { stop(): number } {
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, residentBytes(root));
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

const pageBytes = 4096;

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process ended meanwhile.
    return undefined;
  }
}
