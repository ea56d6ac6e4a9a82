import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

/** What the build made of `workflows/`, with or without the interceptors of tracing. */
export function workflowBundle(traced: boolean): NonNullable<WorkerOptions['workflowBundle']> {
  const folder = join(import.meta.dirname, '..', '..', 'workflows');
  return { codePath: join(folder, traced ? 'bundle-traced.js' : 'bundle.js') };
}
