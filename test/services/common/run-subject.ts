import { once } from 'node:events';
import { ScanError } from '../../../core/scan/errors.js';
import { runService } from '../../../services/common/run.js';

/** A service for `run.test.ts`: its argument says how it behaves. */
const behaviours: Record<string, (stopping: AbortSignal) => Promise<void>> = {
  drains: async (stopping) => {
    await untilAborted(stopping);
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.stdout.write('handed back\n');
  },
  hangs: async (stopping) => {
    await untilAborted(stopping);
    process.stdout.write('hanging\n');
    await new Promise(() => undefined);
  },
  'is told nonsense': () =>
    Promise.reject(new ScanError('usage', 'NEURONINSPECT_A is wrong\nNEURONINSPECT_B is wrong')),
  fails: () => Promise.reject(new Error('no database at postgres://user:hunter2@db/scans')),
  'forgets a rejection': async (stopping) => {
    void Promise.reject(new Error('nobody caught this'));
    await untilAborted(stopping);
  },
};

async function untilAborted(stopping: AbortSignal): Promise<void> {
  const aborted = once(stopping, 'abort');
  process.stdout.write('working\n');
  await aborted;
}

await runService(behaviours[process.argv[2]!]!, { service: 'subject' });
