import { createFileObjectStore } from '../../../../adapters/stores/objects/file.js';
import { asScanError } from '../../../../core/scan/errors.js';

/** A process that writes an object and never gets to its end; its argument is the folder of the store. */
const chunk = new Uint8Array(32 << 10).fill(7);

async function* endless(): AsyncGenerator<Uint8Array> {
  for (let count = 0; count < 8; count++) yield await Promise.resolve(chunk);
  process.stdout.write('half\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

await createFileObjectStore(process.argv[2]!)
  .put('slow/object', endless(), 16 * chunk.length)
  .catch((error: unknown) => {
    const { code, retryable, message } = asScanError(error);
    process.stdout.write(`${code} ${retryable} ${message}\n`);
  });
