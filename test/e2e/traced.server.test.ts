import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { receiver, type ReceivedSpan } from '../services/common/otlp-receiver.js';
import { repoRoot } from '../support/paths.js';
import { startTestPipeline, until } from '../support/pipeline.js';

const model = join(repoRoot, 'examples', 'models', 'digits-backdoored-lower-right.onnx');

test('a scan is one trace: from its workflow over Kafka to worker and reducer, and back to the workflow', async (t) => {
  const { endpoint, spans } = await receiver(t);
  const pipeline = await startTestPipeline({
    environment: () => ({ NEURONINSPECT_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: '100' }),
  });
  t.after(() => pipeline.stop());
  const [result] = (await pipeline.submit([model]).results).values();
  assert.equal(result?.verdict, 'backdoored');

  const under = (name: string, parent: ReceivedSpan | undefined) =>
    named(name).find(({ parentSpanId }) => parent !== undefined && parentSpanId === parent.spanId);
  const path = () => {
    const [task] = named('task inspect');
    const computed = ['inspect', 'saliency', 'confirm'].map((stage) => under(`compute ${stage}`, task));
    const reduced = under('reduce', task);
    return [task, ...computed, reduced, under('SignalWorkflow:advanced', under('notice', reduced))];
  };
  await until('all spans', () => {
    return path().every((span) => span !== undefined) && named('RunWorkflow:scanModel').length === 1;
  });

  const [workflow] = named('RunWorkflow:scanModel');
  assert.equal(workflow!.service, 'neuroninspect-orchestrator');
  const [task, ...others] = path();
  assert.equal(spans.find(({ spanId }) => spanId === task!.parentSpanId)?.name, 'RunActivity:dispatch');
  const worker = Array<string>(4).fill('neuroninspect-worker');
  assert.deepEqual(
    [task, ...others].map((span) => span!.service),
    [...worker, 'neuroninspect-reducer', 'neuroninspect-reducer'],
  );
  for (const span of [task, ...others]) assert.equal(span!.traceId, workflow!.traceId);
  for (const step of ['acquire', 'dispatch', 'publish']) {
    for (const span of named(`RunActivity:${step}`)) assert.equal(span.traceId, workflow!.traceId, step);
  }

  function named(name: string): ReceivedSpan[] {
    return spans.filter((span) => span.name === name);
  }
});
