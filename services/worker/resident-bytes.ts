import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Resident memory of other processes together; those that are gone count nothing. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(process.platform === 'linux' ? fromProc : fromPs));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function fromProc(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

/** Where there is no `ps` either, the memory is not known and counts nothing. */
function fromPs(pid: number): Promise<number> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (_error, stdout) => {
      resolve(1024 * (Number.parseInt(stdout, 10) || 0));
    });
  });
}
