import { readdirSync, readFileSync } from 'node:fs';

/** What a process and all its descendants used so far. */
export interface Usage {
  /** User plus system time, children that have ended included. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Reads `/proc`, so Linux only; a process that is gone counts as nothing. */
export function usageOf(pids: readonly number[]): Usage {
  const all = processes();
  const tree = new Set(pids);
  for (let before = 0; before !== tree.size;) {
    before = tree.size;
    for (const { pid, parent } of all) if (tree.has(parent)) tree.add(pid);
  }
  const members = all.filter(({ pid }) => tree.has(pid));
  return {
    cpuSeconds: members.reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond,
    residentBytes: members.reduce((sum, { pages }) => sum + pages, 0) * pageBytes,
  };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/** USER_HZ, which Linux fixes for what `/proc` shows. */
const ticksPerSecond = 100;
const pageBytes = 4096;

function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // The second field is the command in parentheses and may hold anything; see proc(5).
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const at = (field: number): number => Number(fields[field - 3]);
        return [{ pid: Number(name), parent: at(4), ticks: at(14) + at(15) + at(16) + at(17), pages: at(24) }];
      } catch {
        return [];
      }
    });
}
