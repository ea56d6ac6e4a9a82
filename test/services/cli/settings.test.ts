import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { ScanError } from '../../../core/scan/errors.js';
import { readConfigFile } from '../../../services/cli/config/file.js';
import { editDistance, nearest } from '../../../services/cli/config/nearest.js';
import { resolveSettings } from '../../../services/cli/config/resolve.js';
import { scanOptions } from '../../../services/cli/options/index.js';
import { keyOf, variableOf } from '../../../services/cli/options/option.js';

const none = { flags: {}, environment: {} };

/** One row per option: what each source may say, and what the program gets. */
const values: Readonly<Record<keyof typeof scanOptions, { text: string; file: unknown; value: unknown }>> = {
  images: { text: 'clean', file: 'clean', value: 'clean' },
  labels: { text: 'l.csv', file: 'l.csv', value: 'l.csv' },
  imageCount: { text: '20', file: 20, value: 20 },
  layout: { text: 'NHWC', file: 'NHWC', value: 'NHWC' },
  channels: { text: 'bgr', file: 'bgr', value: 'bgr' },
  resize: { text: '32x48', file: [32, 48], value: [32, 48] },
  scale: { text: '255', file: 255, value: 255 },
  mean: { text: '0.485,-0.5,1e-3', file: [0.485, -0.5, 0.001], value: [0.485, -0.5, 0.001] },
  std: { text: '0.25', file: 0.25, value: [0.25] },
  inputName: { text: 'x', file: 'x', value: 'x' },
  logitsName: { text: 'y', file: 'y', value: 'y' },
  maxModelSize: { text: '1.5KiB', file: 1536, value: 1536 },
  profile: { text: 'paper-2019', file: 'paper-2019', value: 'paper-2019' },
  failOn: { text: 'never', file: 'never', value: 'never' },
  ignorefile: { text: 'i.yaml', file: 'i.yaml', value: 'i.yaml' },
  format: { text: 'sarif', file: 'sarif', value: 'sarif' },
  output: { text: 'o', file: 'o', value: 'o' },
  report: {
    text: 'html=a=b.html,json=c',
    file: ['html=a=b.html', 'json=c'],
    value: [
      { format: 'html', file: 'a=b.html' },
      { format: 'json', file: 'c' },
    ],
  },
  progress: { text: 'off', file: false, value: false },
  color: { text: 'FALSE', file: false, value: false },
  engine: { text: 'tfjs', file: 'tfjs', value: 'tfjs' },
  provider: { text: 'auto', file: 'auto', value: 'auto' },
  workers: { text: '3', file: 3, value: 3 },
  maxMemory: { text: '2 GB', file: '2GB', value: 2e9 },
  timeout: { text: '1.5h', file: '90m', value: 5400 },
  cache: { text: '0', file: false, value: false },
  cacheDir: { text: 'd', file: 'd', value: 'd' },
  cacheSize: { text: '1MiB', file: '1MiB', value: 1048576 },
};

for (const [name, { text, file, value }] of Object.entries(values) as [
  keyof typeof scanOptions,
  (typeof values)['mean'],
][]) {
  test(`${keyOf(name)} is read from the environment and from the config file`, async () => {
    const fromEnvironment = await resolveSettings(scanOptions, { ...none, environment: { [variableOf(name)]: text } });
    assert.deepEqual(fromEnvironment[name], value);
    const fromFile = await resolveSettings(scanOptions, {
      ...none,
      file: { path: 'f', values: { [keyOf(name)]: file } },
    });
    assert.deepEqual(fromFile[name], value);
  });
}

test('a flag goes before the environment, that before the file, that before the default', async () => {
  const flags = { failOn: 'never' };
  const environment = { NEURONINSPECT_FAIL_ON: 'backdoored' };
  const file = { path: 'neuroninspect.yaml', values: { 'fail-on': 'suspicious' } };
  const failOn = async (sources: Parameters<typeof resolveSettings>[1]) =>
    (await resolveSettings(scanOptions, sources)).failOn;
  assert.equal(await failOn({ flags, environment, file }), 'never');
  assert.equal(await failOn({ flags: {}, environment, file }), 'backdoored');
  assert.equal(await failOn({ ...none, file: { ...file, values: { 'fail-on': 'never' } } }), 'never');
  assert.equal(await failOn(none), 'suspicious');
});

test('an empty variable counts as not set', async () => {
  const { failOn } = await resolveSettings(scanOptions, { ...none, environment: { NEURONINSPECT_FAIL_ON: '' } });
  assert.equal(failOn, 'suspicious');
});

const wrong: readonly { sources: Partial<Parameters<typeof resolveSettings>[1]>; says: RegExp }[] = [
  { sources: { flags: { workers: '0' } }, says: /^--workers must be a whole number from 1 to 256, not 0$/ },
  { sources: { flags: { workers: 'many' } }, says: /--workers must be .*, not "many"/ },
  { sources: { flags: { std: '0' } }, says: /--std must be positive numbers/ },
  { sources: { flags: { mean: '1,,2' } }, says: /--mean must be numbers/ },
  { sources: { flags: { resize: '32x' } }, says: /--resize must be HEIGHTxWIDTH/ },
  { sources: { flags: { timeout: '10 days' } }, says: /--timeout must be a time such as/ },
  { sources: { flags: { maxModelSize: '0' } }, says: /--max-model-size must be a size/ },
  { sources: { flags: { report: ['pdf=x.pdf'] } }, says: /--report must be FORMAT=FILE/ },
  { sources: { flags: { format: 'markdwon' } }, says: /did you mean markdown\?/ },
  {
    sources: { environment: { NEURONINSPECT_PROVIDER: 'abacus' } },
    says: /^NEURONINSPECT_PROVIDER must be one of cpu/,
  },
  {
    sources: { file: { path: 'c.yaml', values: { cache: 'maybe' } } },
    says: /^cache in c\.yaml must be true or false, not "maybe"$/,
  },
  {
    sources: { file: { path: 'c.yaml', values: { 'image-count': null } } },
    says: /image-count in c\.yaml .* not null/,
  },
];

for (const { sources, says } of wrong) {
  test(`${JSON.stringify(sources)} is refused with the source, the value and what is expected`, async () => {
    await assert.rejects(
      resolveSettings(scanOptions, { ...none, ...sources }),
      (error) => error instanceof ScanError && error.code === 'usage' && says.test(error.message),
    );
  });
}

test('no text of the environment makes anything but settings or a usage error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(scanOptions)), fc.string(), async (name, text) => {
      await resolveSettings(scanOptions, { ...none, environment: { [variableOf(name)]: text } }).catch(
        (error: unknown) => {
          assert.ok(error instanceof ScanError && error.code === 'usage', String(error));
        },
      );
    }),
  );
});

const keys = Object.keys(scanOptions).map(keyOf);

test('neuroninspect.yaml of the working directory is read where there is one', async (t) => {
  const dir = await folder(t, { 'neuroninspect.yaml': 'fail-on: never\nmean: [0.5]\n' });
  assert.deepEqual(await readConfigFile(undefined, keys, dir), {
    path: 'neuroninspect.yaml',
    values: { 'fail-on': 'never', mean: [0.5] },
  });
  assert.equal(await readConfigFile(undefined, keys, join(dir, '..')), undefined);
});

test('an empty config file sets nothing', async (t) => {
  const dir = await folder(t, { 'c.yaml': '# nothing yet\n' });
  assert.deepEqual((await readConfigFile('c.yaml', keys, dir))?.values, {});
});

const badFiles: readonly { text: string; says: RegExp }[] = [
  { text: 'fail-onn: never', says: /c\.yaml has the unknown key "fail-onn"; did you mean "fail-on"\?/ },
  { text: 'failOn: never', says: /unknown key "failOn"; did you mean "fail-on"\?/ },
  { text: 'zzzzzzzz: 1', says: /unknown key "zzzzzzzz"; known are images, / },
  { text: '- a\n- b', says: /must hold settings such as/ },
  { text: 'a: [1', says: /c\.yaml is no valid YAML: .*line/ },
  { text: 'cache: true\ncache: false', says: /no valid YAML/ },
];

for (const { text, says } of badFiles) {
  test(`a config file "${text.replaceAll('\n', '\\n')}" is refused`, async (t) => {
    const dir = await folder(t, { 'c.yaml': text });
    await assert.rejects(readConfigFile('c.yaml', keys, dir), says);
  });
}

test('a config file that is named must exist', async (t) => {
  await assert.rejects(readConfigFile('gone.yaml', keys, await folder(t, {})), /gone\.yaml cannot be read/);
});

test('a typing mistake finds its word, another word finds none', () => {
  assert.equal(nearest('mena', ['mean', 'labels']), 'mean');
  assert.equal(nearest('colour', ['color', 'format']), 'color');
  assert.equal(nearest('xylophone', ['mean', 'labels']), undefined);
  assert.equal(editDistance('abc', 'acb'), 1);
});

test('edit distance is symmetric, and 0 for equal words only', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.equal(editDistance(a, b) === 0, a === b);
    }),
  );
});

async function folder(t: TestContext, files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'neuroninspect-config-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}
