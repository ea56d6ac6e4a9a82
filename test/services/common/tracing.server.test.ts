import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { injectTrace, startTracing, withSpan } from '../../../services/common/tracing.js';
import { testServers } from '../../support/servers.js';
import { receiver } from './otlp-receiver.js';

test('client, workflow, activity and the message an activity sends are one trace', async (t) => {
  const { endpoint, spans } = await receiver(t);
  const { temporal } = await startTracing({ service: 'orchestrator', endpoint }).then((tracing) => {
    t.after(() => tracing.stop());
    return tracing;
  });
  const { address } = testServers().temporal;
  const taskQueue = `tracing-${randomUUID()}`;
  const [connection, nativeConnection] = [
    await Connection.connect({ address }),
    await NativeConnection.connect({ address }),
  ];
  t.after(async () => {
    await connection.close();
    await nativeConnection.close();
  });
  const client = new Client({ connection, interceptors: { workflow: temporal.client } });
  const worker = await Worker.create({
    connection: nativeConnection,
    taskQueue,
    workflowsPath: join(import.meta.dirname, 'tracing-workflow.js'),
    activities: { measure: () => Promise.resolve(injectTrace().traceparent) },
    interceptors: { activity: temporal.activity, workflowModules: temporal.workflowModules },
    sinks: temporal.sinks,
  });

  const traceparent = await worker.runUntil(
    withSpan(
      'submit',
      {},
      () => client.workflow.execute('traced', { taskQueue, workflowId: taskQueue }) as Promise<string>,
    ),
  );
  await waitFor(() =>
    ['submit', 'RunWorkflow:traced', 'RunActivity:measure'].every((name) => find(name) !== undefined),
  );

  const root = find('submit')!;
  for (const name of ['StartWorkflow:traced', 'RunWorkflow:traced', 'StartActivity:measure', 'RunActivity:measure']) {
    assert.equal(find(name)?.traceId, root.traceId, name);
  }
  assert.deepEqual(traceparent.split('-').slice(1, 3), [root.traceId, find('RunActivity:measure')!.spanId]);

  function find(name: string) {
    return spans.find((span) => span.name === name);
  }
});

/** The processor sends a batch every few seconds. */
async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}
