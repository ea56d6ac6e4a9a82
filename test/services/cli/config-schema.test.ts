import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { profiles } from '../../../core/scan/profiles.js';
import { reportFormats } from '../../../core/report/index.js';
import { configSchema } from '../../../services/cli/config/json-schema.js';
import { resolveSettings } from '../../../services/cli/config/resolve.js';
import { scanOptions } from '../../../services/cli/options/index.js';
import { formatNames } from '../../../services/cli/options/output.js';
import { repoRoot } from '../../support/paths.js';

const published = JSON.parse(readFileSync(join(repoRoot, 'docs/schemas/config.schema.json'), 'utf8')) as object;
const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(published);

test('the published schema is that of the option table (scripts/generate-config-schema.ts writes it)', async () => {
  assert.deepEqual(published, await configSchema());
});

const files: readonly { yaml: string; valid: boolean }[] = [
  { yaml: 'images: clean/\nfail-on: backdoored\nworkers: 4', valid: true },
  { yaml: 'mean: [0.485, 0.456, 0.406]\nstd: 0.25\nresize: 224x224', valid: true },
  { yaml: 'resize: [32, 48]\nmax-model-size: 2GiB\ntimeout: 10m\ncache-size: 1000', valid: true },
  { yaml: 'report: [html=a.html, json=b.json]\ncache: false', valid: true },
  { yaml: 'workers: 0', valid: false },
  { yaml: 'workers: "4"', valid: false },
  { yaml: 'fail-on: sometimes', valid: false },
  { yaml: 'resize: 32x', valid: false },
  { yaml: 'std: [0.5, 0]', valid: false },
  { yaml: 'timeout: 10 days', valid: false },
  { yaml: 'report: html', valid: false },
  { yaml: 'cache: maybe', valid: false },
];

for (const { yaml, valid } of files) {
  test(`editor and program agree that "${yaml.replaceAll('\n', '; ')}" is ${valid ? 'valid' : 'invalid'}`, async () => {
    const values = parse(yaml) as Record<string, unknown>;
    assert.equal(validate(values), valid);
    const resolved = resolveSettings(scanOptions, { flags: {}, environment: {}, file: { path: 'f', values } });
    await (valid ? assert.doesNotReject(resolved) : assert.rejects(resolved));
  });
}

test('an unknown key is invalid in an editor too', () => {
  assert.equal(validate({ 'fail-onn': 'never' }), false);
});

test('the values offered for --format and --profile are those that exist', () => {
  assert.deepEqual([...formatNames].sort(), [...reportFormats.keys()].sort());
  assert.deepEqual(
    scanOptions.profile.choices,
    profiles.map(({ name }) => name),
  );
});
