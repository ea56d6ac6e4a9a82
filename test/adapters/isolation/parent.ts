import { createIsolatedRunner } from '../../../adapters/isolation/index.js';
import { jobFor, pidOf, scriptedHost, shardOf } from './support.js';

/** A small scanner process for tests of how processes end: `parent.js <what it does>`. Prints the workers' process ids. */
const runner = createIsolatedRunner({ workers: 2, provider: 'cpu', timeoutMs: 60_000, hostModule: scriptedHost });
const model = await runner.open(jobFor('model'));
const pids = await Promise.all(['slow', 'slow'].map(async (deed) => pidOf(await model.runShard(shardOf(deed)))));
process.stdout.write(`${JSON.stringify(pids)}\n`);

switch (process.argv[2]) {
  case 'waits-idle':
    setInterval(() => undefined, 1000);
    break;
  case 'waits-busy':
    await Promise.all([model.runShard(shardOf('hang')), model.runShard(shardOf('hang'))]);
    break;
  case 'closes':
    await model.close();
    await runner.close();
    break;
  case 'forgets-to-close':
    await model.runShard(shardOf('noise'));
    break;
  default:
    throw new Error('unknown');
}
