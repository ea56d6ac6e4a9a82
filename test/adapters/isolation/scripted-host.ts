import { appendFileSync, existsSync, writeSync } from 'node:fs';
import { encodeFrame } from '../../../adapters/isolation/frames.js';
import { connectionFd } from '../../../adapters/isolation/protocol.js';
import { serve } from '../../../adapters/isolation/serve.js';
import type { EngineInfo } from '../../../core/ports/engine.js';
import { ScanError } from '../../../core/scan/errors.js';
import type { Inspection, ShardFeatures } from '../../../core/scan/features.js';

/**
 * A host without an engine. The model's path (`<name>:<deed>`) says what `open` does, the shard's id (`<deed>` or
 * `<deed>:<file>`) what `shard` does. Every call is noted in the file.
 */
serve(() => {
  let opens = 0;
  let model = '';
  return {
    open: async ({ path }) => {
      const [name, deed = ''] = path.split(':');
      model = name!;
      opens++;
      await act(deed, '');
      const digest = deed === 'changes' ? `digest of process ${process.pid}` : `digest of ${name}`;
      return { inspection: { classes: 3, accuracy: undefined } as Inspection, engine, digest };
    },
    shard: async (shard): Promise<ShardFeatures> => {
      const [deed, file] = shard.id.split(':') as [string, string?];
      const first = file === undefined || !existsSync(file);
      if (file) appendFileSync(file, `${process.pid}\n`);
      if (deed !== 'crash-once') await act(deed, file);
      else if (first) process.kill(process.pid, 'SIGSEGV');
      const facts = Float32Array.of(process.pid, opens);
      return { shard, values: new Map([['guided.gain', facts]]), parity: new Map() };
    },
    confirm: (classIndex) => Promise.reject(new ScanError('engine-failed', `no class ${classIndex} in ${model}`)),
    explain: () => {
      const names = Object.keys(process.env);
      return Promise.resolve({ logits: { dims: names, data: new Float32Array(0) } } as never);
    },
    survey: ({ path }) => act(path.split(':')[1] ?? '', '').then(() => ({ path }) as never),
    close: () => Promise.resolve(undefined),
    check: () => Promise.resolve(engine),
  };
});

const engine: EngineInfo = { name: 'none', version: '1.0', provider: 'cpu', threads: 1 };

async function act(deed: string, file: string | undefined): Promise<void> {
  switch (deed) {
    case 'exit':
      process.stderr.write('about\u001b[31m to\nleave');
      return process.exit(7);
    case 'segv':
      process.kill(process.pid, 'SIGSEGV');
      return forever();
    case 'abort':
      return process.abort();
    case 'throw-later':
      setTimeout(() => {
        throw new Error('thrown outside of any request');
      });
      return forever();
    case 'hang':
      for (;;) if (file === undefined) continue;
    case 'heap': {
      const kept: unknown[] = [];
      for (;;) kept.push(Array.from({ length: 1000 }, (_, i) => ({ i })));
    }
    case 'resident': {
      const kept: Buffer[] = [];
      for (;;) kept.push(Buffer.alloc(2 ** 24, 1));
    }
    case 'slow':
      return new Promise((resolve) => setTimeout(resolve, 50));
    case 'bytes':
      writeSync(connectionFd, Buffer.from([0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]));
      return forever();
    case 'endless':
      writeSync(connectionFd, Buffer.from([255, 255, 255, 255]));
      return forever();
    case 'nonsense':
      for (const part of encodeFrame({ hello: 'there' })) writeSync(connectionFd, part);
      return forever();
    case 'stranger':
      for (const part of encodeFrame({ id: 4711, ok: true, value: 1 })) writeSync(connectionFd, part);
      return forever();
    case 'unknown-error':
      throw new TypeError('a bug');
    case 'refuse':
      throw new ScanError('model-malformed', 'tensor w has no data', { retryable: true });
    case 'noise':
      process.stdout.write('noise');
      process.stderr.write('noise');
      return;
    default:
  }
}

function forever(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 1000));
}
