import { readdirSync, readFileSync } from 'node:fs';

/** Sends a signal to all engine processes of a worker. @returns their ids. */
export function signalEngines(worker: number, signal: NodeJS.Signals): readonly number[] {
  const pids = childrenOf(worker);
  for (const pid of pids) signalIfThere(pid, signal);
  return pids;
}

export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === parent)
    .map(Number);
}

/** The fourth field of `stat`; the second is a name in brackets, which may hold anything. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
