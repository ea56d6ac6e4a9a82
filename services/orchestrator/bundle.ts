import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';
import { ScanError } from '../../core/scan/errors.js';

/**
 * What the build made of `workflows/`, with or without the interceptors of tracing.
 * @throws ScanError `internal` where it is missing, which no waiting mends.
 */
export async function workflowBundle(traced: boolean): Promise<NonNullable<WorkerOptions['workflowBundle']>> {
  const folder = join(import.meta.dirname, '..', '..', 'workflows');
  const codePath = join(folder, traced ? 'bundle-traced.js' : 'bundle.js');
  await access(codePath, constants.R_OK).catch((error: unknown) => {
    throw new ScanError(
      'internal',
      `${codePath}, the bundle of the workflows, cannot be read; build with npm run build`,
      {
        cause: error,
      },
    );
  });
  return { codePath };
}
