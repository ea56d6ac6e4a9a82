import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Folders under one root, bounded in bytes; the least recently used ones go first, those in use stay. */
export interface Folders {
  readonly bytes: number;
  path(name: string): string;
  has(name: string): boolean;
  pin(name: string): void;
  unpin(name: string): void;
  /** Waits for room. A folder larger than the limit gets it once nothing else is kept. */
  reserve(name: string, bytes: number): Promise<void>;
  /** Gives up what was reserved and not filled. */
  abandon(name: string): void;
  /** Fills a folder aside and puts it in its place at once. */
  fill(name: string, write: (folder: string) => Promise<void>): Promise<void>;
  /** False where everything is in use. */
  evictOne(): Promise<boolean>;
}

interface Folder {
  bytes: number;
  pins: number;
  /** Whether it is on the disk. */
  filled: boolean;
}

export async function openFolders(
  root: string,
  maxBytes: number,
  onSize: (bytes: number) => void = () => undefined,
): Promise<Folders> {
  /** The least recently used first. */
  const folders = await rescan(root);
  let asides = 0;
  let waiting: (() => void)[] = [];

  const path = (name: string): string => join(root, name);
  const total = (): number => [...folders.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const wake = (): void => {
    onSize(total());
    const woken = waiting;
    waiting = [];
    for (const resume of woken) resume();
  };
  const touch = (name: string): Folder => {
    const folder = folders.get(name) ?? { bytes: 0, pins: 0, filled: false };
    folders.delete(name);
    folders.set(name, folder);
    return folder;
  };
  const aside = (name: string): string => path(`${name}.tmp-${process.pid}-${++asides}`);
  const removeFolder = async (name: string): Promise<void> => {
    const gone = aside(name);
    const moved = await rename(path(name), gone).then(
      () => true,
      () => false,
    );
    if (moved) await rm(gone, { recursive: true, force: true });
  };
  const evictOne = async (): Promise<boolean> => {
    for (const [name, { pins, filled }] of folders) {
      if (pins > 0 || !filled) continue;
      folders.delete(name);
      await removeFolder(name);
      onSize(total());
      return true;
    }
    return false;
  };

  onSize(total());
  return {
    path,
    get bytes() {
      return total();
    },
    has: (name) => folders.get(name)?.filled ?? false,
    pin: (name) => {
      touch(name).pins++;
      const now = new Date();
      // So that a restart finds the order again.
      void utimes(path(name), now, now).catch(() => undefined);
    },
    unpin: (name) => {
      const folder = folders.get(name);
      if (!folder) return;
      folder.pins--;
      if (folder.pins === 0 && !folder.filled) folders.delete(name);
      wake();
    },
    reserve: async (name, bytes) => {
      touch(name).bytes = 0;
      while (total() > 0 && total() + bytes > maxBytes) {
        if (await evictOne()) continue;
        await new Promise<void>((resume) => waiting.push(resume));
      }
      touch(name).bytes = bytes;
      onSize(total());
    },
    abandon: (name) => {
      const folder = touch(name);
      if (!folder.filled) folder.bytes = 0;
      wake();
    },
    fill: async (name, write) => {
      const temporary = aside(name);
      try {
        await mkdir(temporary, { recursive: true });
        await write(temporary);
        await removeFolder(name);
        await rename(temporary, path(name));
      } catch (thrown) {
        await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
        throw thrown;
      }
      touch(name).filled = true;
    },
    evictOne,
  };
}

/** What is there, the oldest first; folders that were being written or removed when their process ended are removed. */
async function rescan(root: string): Promise<Map<string, Folder>> {
  await mkdir(root, { recursive: true });
  const found: { name: string; bytes: number; usedAt: number }[] = [];
  for (const { name } of await readdir(root, { withFileTypes: true })) {
    const owner = Number(/\.tmp-(\d+)-/.exec(name)?.[1] ?? process.pid);
    if (/^[0-9a-f]{64}$/.test(name)) {
      const { mtimeMs } = await stat(join(root, name));
      found.push({ name, bytes: await bytesIn(join(root, name)), usedAt: mtimeMs });
    } else if (owner === process.pid || !isAlive(owner)) {
      await rm(join(root, name), { recursive: true, force: true });
    }
  }
  found.sort((a, b) => a.usedAt - b.usedAt);
  return new Map(found.map(({ name, bytes }) => [name, { bytes, pins: 0, filled: true }]));
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
