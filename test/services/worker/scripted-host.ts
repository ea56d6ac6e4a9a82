import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { serve } from '../../../adapters/isolation/serve.js';
import type { EngineInfo } from '../../../core/ports/engine.js';

/**
 * A host without an engine: the text of the model file (`<deed> <anything>`) says what a shard does. Every open and every
 * shard is noted in `calls.txt` in the cache's folder: `open <pid> <deed>`.
 *
 * - `crash`, `crash-open`: the process dies; `crash-once`: only the first time.
 * - `memory`: more memory than the process may have.
 * - `hold`: waits until a file `release` lies there; `hold-open`: in `open`.
 */
serve(() => {
  const deeds = new Map<number, { deed: string; root: string }>();
  return {
    open: async ({ path }, id) => {
      const text = readFileSync(path, 'utf8');
      const [deed = ''] = text.split(' ');
      const root = join(dirname(path), '..', '..');
      appendFileSync(join(root, 'calls.txt'), `open ${process.pid} ${deed}\n`);
      if (deed === 'crash-open') process.kill(process.pid, 'SIGSEGV');
      while (deed === 'hold-open' && !existsSync(join(root, 'release'))) await pause(10);
      deeds.set(id, { deed, root });
      const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
      return { inspection, engine, digest };
    },
    shard: async (shard, id) => {
      const { deed, root } = deeds.get(id)!;
      const calls = join(root, 'calls.txt');
      const first = !readFileSync(calls, 'utf8').includes('shard');
      appendFileSync(calls, `shard ${process.pid} ${deed}\n`);
      if (deed === 'crash' || (deed === 'crash-once' && first)) process.kill(process.pid, 'SIGSEGV');
      if (deed === 'memory') for (const kept: Buffer[] = []; ;) kept.push(Buffer.alloc(2 ** 24, 1));
      while (deed === 'hold' && !existsSync(join(root, 'release'))) await pause(10);
      const { classes, images } = shard;
      const maps = (classes.end - classes.start) * (images.end - images.start);
      return { shard, values: new Map([['rectified.gain', new Float32Array(maps)]]), parity: new Map() };
    },
    confirm: () => Promise.reject(new Error('not in this test')),
    explain: () => Promise.reject(new Error('not in this test')),
    survey: () => Promise.reject(new Error('not in this test')),
    close: () => Promise.resolve(undefined),
    check: () => Promise.resolve(engine),
  };
});

const engine: EngineInfo = { name: 'none', version: '1.0', provider: 'cpu', threads: 1 };

const inspection = {
  classes: 3,
  inputDims: [1, 4, 4],
  layout: 'NCHW' as const,
  channels: 1,
  height: 4,
  width: 4,
  inputName: 'x',
  logitsName: 'y',
  cut: undefined,
  predictions: [0, 1],
  accuracy: undefined,
  preprocessingHint: undefined,
  tile: { classes: 3, images: 2 },
};
