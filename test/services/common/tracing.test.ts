import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { extractTrace, injectTrace, startTracing, withSpan } from '../../../services/common/tracing.js';
import { receiver } from './otlp-receiver.js';

test('without an endpoint nothing is traced and nothing of OpenTelemetry is loaded', () => {
  const module = join(import.meta.dirname, '..', '..', '..', 'services', 'common', 'tracing.js');
  const program = `
    import { createRequire } from 'node:module';
    const { startTracing, injectTrace, extractTrace, withSpan } = await import(${JSON.stringify(module)});
    const tracing = await startTracing({ service: 'worker', endpoint: undefined });
    const value = await withSpan('task', {}, async () => injectTrace({ a: 'b' }), { parent: extractTrace({}) });
    await tracing.stop();
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('@opentelemetry'));
    console.log(JSON.stringify({ value, temporal: tracing.temporal, loaded }));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(output), {
    value: { a: 'b' },
    temporal: { client: [], activity: [], workflowModules: [], sinks: {} },
    loaded: [],
  });
});

test('a span in another process is below the one that sent the message; a failure is noted and thrown on', async (t) => {
  const { endpoint, spans } = await receiver(t);
  const tracing = await startTracing({ service: 'worker', endpoint });

  const headers = await withSpan(
    'publish',
    { stage: 'saliency' },
    () => Promise.resolve(injectTrace({ kept: 'yes' })),
    {
      kind: 'producer',
    },
  );
  assert.equal(headers.kept, 'yes');
  assert.match(headers.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);

  const failing = withSpan('compute', {}, () => Promise.reject(new Error('engine gone')), {
    parent: extractTrace(headers),
    kind: 'consumer',
  });
  await assert.rejects(failing, /engine gone/);
  await withSpan('stray', {}, () => Promise.resolve(), { parent: extractTrace({ traceparent: 'nonsense' }) });
  assert.equal(tracing.temporal.client.length, 1);
  await tracing.stop();

  const [sent, computed, stray] = ['publish', 'compute', 'stray'].map((name) => {
    const span = spans.find((candidate) => candidate.name === name);
    assert.ok(span, `no span ${name} among ${spans.map((candidate) => candidate.name).join(', ')}`);
    return span;
  });
  assert.equal(computed!.traceId, sent!.traceId);
  assert.equal(computed!.parentSpanId, sent!.spanId);
  assert.equal(computed!.status.message, 'engine gone');
  assert.deepEqual([sent!.kind, computed!.kind], [4, 5]);
  assert.equal(sent!.attributes.find(({ key }) => key === 'stage')?.value.stringValue, 'saliency');
  assert.notEqual(stray!.traceId, sent!.traceId);
  assert.deepEqual(injectTrace(), {}, 'nothing is added after the end');
});
