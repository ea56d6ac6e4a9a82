import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { metrics, type MetricDefinition } from '../../../adapters/metrics/definitions.js';
import { repoRoot } from '../../support/paths.js';

const file = join(repoRoot, 'docs', 'metrics.md');

test('docs/metrics.md lists the metrics of the definitions; UPDATE_GOLDENS=1 writes it', async () => {
  const expected = await format(page(Object.values(metrics)), { ...(await resolveConfig(file)), filepath: file });
  if (process.env.UPDATE_GOLDENS === '1') writeFileSync(file, expected);
  assert.ok(existsSync(file), 'docs/metrics.md is missing: run with UPDATE_GOLDENS=1');
  assert.equal(readFileSync(file, 'utf8'), expected, 'docs/metrics.md is old: run with UPDATE_GOLDENS=1');
});

test('names follow the conventions of Prometheus', () => {
  for (const { name, type, labels } of Object.values<MetricDefinition>(metrics)) {
    assert.match(name, /^neuroninspect(_[a-z]+)+$/);
    assert.equal(type === 'counter', name.endsWith('_total'), `${name}: counters, and only they, end in _total`);
    if (type === 'histogram') assert.match(name, /_seconds$/);
    for (const label of labels) {
      assert.match(label, /^[a-z]+$/);
      assert.doesNotMatch(label, /digest|scan|model|image|host/, `${name}: a label with a value for every scan`);
    }
  }
  const names = Object.values(metrics).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

function page(definitions: readonly MetricDefinition[]): string {
  const rows = definitions.map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  const buckets = definitions.find((definition) => definition.buckets)?.buckets ?? [];
  return `# Metrics

Every service serves them under \`/metrics\` in the text format of Prometheus. This page is made from \`adapters/metrics/definitions.ts\`; a test keeps the two the same.

| name | type | labels | what |
| --- | --- | --- | --- |
${rows.join('\n')}

Values of labels are from closed lists: \`lane\` is \`gate\` or \`fleet\`, \`stage\` is \`inspect\`, \`saliency\` or \`confirm\`, \`code\` is one of \`core/scan/errors.ts\`. No label holds a digest or a scan id; those are in the logs and traces.

Histograms count in buckets of up to ${buckets.join(', ')} seconds, and have \`_sum\` and \`_count\`.

Beside them stand the metrics of the process: \`process_*\` (CPU, memory, open files) and \`nodejs_*\` (heap, garbage collection, lag of the event loop).
`;
}
