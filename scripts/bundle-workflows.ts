/** Bundles the workflows beside their compiled form, so that no orchestrator needs a bundler. Part of the build. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const folder = join(import.meta.dirname, '..', 'workflows');
const { code } = await bundleWorkflowCode({
  workflowsPath: join(folder, 'index.js'),
  logger: new DefaultLogger('WARN'),
});
await writeFile(join(folder, 'bundle.js'), code);
