import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { testServers } from '../../support/servers.js';

/** The bundle that the build made of the workflows beside this tree. */
export async function builtBundle(): Promise<WorkflowBundle> {
  return { code: await readFile(join(import.meta.dirname, '..', '..', '..', 'workflows', 'bundle.js'), 'utf8') };
}

/** A server whose clock jumps to the next event while somebody waits for a workflow. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = testServers().temporalTestServer.executable;
  return TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
    client: { identity: 'client' },
  });
}

/** Warnings about servers and retries are what these tests make on purpose. */
export function quietRuntime(): void {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
    },
  });
}

/** Runs the workflows over the given activities while `test` runs. */
export async function withWorker<T>(
  environment: TestWorkflowEnvironment,
  activities: object,
  test: (taskQueue: string) => Promise<T>,
): Promise<T> {
  const taskQueue = `test-${randomUUID()}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: await builtBundle(),
    activities,
    identity: 'orchestrator',
  });
  return worker.runUntil(test(taskQueue));
}
