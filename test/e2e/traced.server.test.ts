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

  const stages = ['inspect', 'saliency', 'confirm'];
  const path = (stage: string) => {
    const [task] = named(`task ${stage}`);
    const reduced = task && named('reduce').find(({ parentSpanId }) => parentSpanId === task.spanId);
    const notice = reduced && named('notice').find(({ parentSpanId }) => parentSpanId === reduced.spanId);
    const signal =
      notice && named('SignalWorkflow:advanced').find(({ parentSpanId }) => parentSpanId === notice.spanId);
    return { task, reduced, signal };
  };
  await until('all spans', () => {
    const complete = stages.map(path).every(({ signal }) => signal !== undefined);
    return complete && named('RunWorkflow:scanModel').length === 1;
  });

  const [workflow] = named('RunWorkflow:scanModel');
  assert.equal(workflow!.service, 'neuroninspect-orchestrator');
  for (const stage of stages) {
    const { task, reduced, signal } = path(stage);
    assert.deepEqual(
      [task, reduced, signal].map((span) => span!.service),
      ['neuroninspect-worker', 'neuroninspect-reducer', 'neuroninspect-reducer'],
    );
    for (const span of [task, reduced, signal]) assert.equal(span!.traceId, workflow!.traceId);
    assert.equal(spans.find(({ spanId }) => spanId === task!.parentSpanId)?.name, 'RunActivity:dispatch');
  }
  for (const step of ['acquire', 'dispatch', 'publish']) {
    for (const span of named(`RunActivity:${step}`)) assert.equal(span.traceId, workflow!.traceId, step);
  }

  function named(name: string): ReceivedSpan[] {
    return spans.filter((span) => span.name === name);
  }
});
