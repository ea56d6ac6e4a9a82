import { addOne } from '../../../../adapters/engines/add-one.js';
import { createTfjsEngine } from '../../../../adapters/engines/tfjs/index.js';

/** Uses every provider there is in a process whose output a test reads: the libraries have banners of their own. */
let worked = 0;
for (const provider of ['auto', 'gpu', 'node', 'wasm', 'cpu'] as const) {
  await addOne(createTfjsEngine({ provider })).then(
    () => worked++,
    () => undefined,
  );
}
process.stdout.write(worked >= 3 ? 'works\n' : `${worked} work\n`);
