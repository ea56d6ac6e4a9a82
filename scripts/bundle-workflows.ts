/**
 * Bundles the workflows beside their compiled form, so that no orchestrator needs a bundler: once as they are, once with the
 * interceptors of tracing. Part of the build.
 */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const folder = join(import.meta.dirname, '..', 'workflows');
const tracing = createRequire(import.meta.url).resolve(
  '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors.js',
);
await bundle('bundle.js', []);
await bundle('bundle-traced.js', [tracing]);

async function bundle(file: string, workflowInterceptorModules: string[]): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(folder, 'index.js'),
    workflowInterceptorModules,
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(join(folder, file), code);
}
