/** Loaded with `--import` into a service: a CPU profile of its main process, written to `NEURONINSPECT_BENCH_PROFILE` when it ends. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.start');
process.on('exit', () => {
  session.post('Profiler.stop', (_error, { profile }) => {
    writeFileSync(process.env.NEURONINSPECT_BENCH_PROFILE!, JSON.stringify(profile));
  });
});
