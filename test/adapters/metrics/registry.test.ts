import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metrics as definitions } from '../../../adapters/metrics/definitions.js';
import { createMetrics } from '../../../adapters/metrics/registry.js';

const metrics = createMetrics({ service: 'worker' });

test('every metric of the definitions is there with its type and help, before anything happened', async () => {
  const text = await metrics.text();
  for (const { name, type, help } of Object.values(definitions)) {
    assert.ok(text.includes(`# HELP ${name} ${help}\n`), name);
    assert.ok(text.includes(`# TYPE ${name} ${type}\n`), name);
  }
  assert.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
});

test('what is counted, set and observed is what a scrape sees, with the labels of the process', async () => {
  metrics.inc('tasks', { stage: 'saliency', lane: 'gate', outcome: 'ok' });
  metrics.inc('tasks', { stage: 'saliency', lane: 'gate', outcome: 'ok' }, 2);
  metrics.set('engineSlots', {}, 4);
  metrics.observe('taskSeconds', { stage: 'inspect' }, 0.2);
  const lines = new Set((await metrics.text()).split('\n'));
  for (const line of [
    'neuroninspect_tasks_total{stage="saliency",lane="gate",outcome="ok",service="worker"} 3',
    'neuroninspect_engine_slots{service="worker"} 4',
    'neuroninspect_task_seconds_bucket{le="0.1",service="worker",stage="inspect"} 0',
    'neuroninspect_task_seconds_bucket{le="0.25",service="worker",stage="inspect"} 1',
    'neuroninspect_task_seconds_count{service="worker",stage="inspect"} 1',
  ]) {
    assert.ok(lines.has(line), line);
  }
});

test('a process shows its own memory, CPU and event loop', async () => {
  const text = await metrics.text();
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    assert.match(text, new RegExp(`^${name}\\{service="worker"\\} `, 'm'));
  }
});

test('two registries of one process do not mix', async () => {
  const other = createMetrics();
  other.set('engineSlots', {}, 9);
  assert.match(await other.text(), /^neuroninspect_engine_slots 9$/m);
  assert.doesNotMatch(await metrics.text(), /^neuroninspect_engine_slots\S* 9$/m);
});

test('the compiler refuses labels, names and methods that do not belong together', () => {
  const never = (): void => {
    // @ts-expect-error no such label
    metrics.inc('tasks', { stage: 'saliency', lane: 'gate', outcome: 'ok', digest: 'x' });
    // @ts-expect-error a label is missing
    metrics.inc('tasks', { stage: 'saliency', lane: 'gate' });
    // @ts-expect-error takes no labels
    metrics.set('engineSlots', { stage: 'saliency' }, 1);
    // @ts-expect-error a gauge does not count
    metrics.inc('engineSlots', {});
    // @ts-expect-error no such metric
    metrics.inc('imagined', {});
  };
  assert.equal(typeof never, 'function');
});
