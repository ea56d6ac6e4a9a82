import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** How to start a process for which a folder lies on a full disk. Nothing of it outlives the process. */
export interface FullDisk {
  readonly environment: NodeJS.ProcessEnv;
  /** A command that runs the command in its arguments. */
  readonly wrapper: readonly string[];
}

/** @param folder empty, and there. */
export function fullDisk(folder: string): FullDisk {
  for (const unshare of [
    ['unshare', '--mount'],
    ['unshare', '--mount', '--map-root-user'],
  ]) {
    // Seen by the process alone, and smaller than one model.
    const mount = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"';
    const wrapper = [...unshare, 'sh', '-c', mount, folder];
    const [command, ...args] = wrapper;
    if (spawnSync(command!, [...args, 'true']).status === 0) return { environment: {}, wrapper };
  }
  const preload = pathToFileURL(join(import.meta.dirname, 'full-disk-preload.js'));
  return { environment: { NODE_OPTIONS: `--import ${preload.href}`, FULL_DISK: folder }, wrapper: [] };
}
