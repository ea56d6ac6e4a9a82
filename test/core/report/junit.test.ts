import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RunReport } from '../../../core/report/format.js';
import { reportFormats } from '../../../core/report/index.js';
import type { ScanResult } from '../../../core/scan/result.js';
import { fakeEncoder } from '../../support/fake-image-encoder.js';
import { expectGolden } from '../../support/golden.js';
import { hostile, sampleRun, samples } from '../../support/sample-results.js';
import type { XmlElement } from '../../support/xml.js';
import { parseXml } from '../../support/xml.js';

/** What the JUnit schemas of Jenkins, GitLab and Surefire have in common: children in order, attributes. */
const grammar: Readonly<
  Record<string, { children: RegExp; required: readonly string[]; optional: readonly string[] }>
> = {
  testsuites: { children: /^(testsuite )*$/, required: ['name', 'tests', 'failures', 'errors', 'time'], optional: [] },
  testsuite: {
    children: /^(properties )?(testcase )*(system-out )?(system-err )?$/,
    required: ['name', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp'],
    optional: [],
  },
  properties: { children: /^(property )+$/, required: [], optional: [] },
  property: { children: /^$/, required: ['name', 'value'], optional: [] },
  testcase: {
    children: /^((skipped|error|failure) )?(system-out )?(system-err )?$/,
    required: ['name', 'classname', 'time'],
    optional: [],
  },
  failure: { children: /^$/, required: ['message', 'type'], optional: [] },
  error: { children: /^$/, required: ['message', 'type'], optional: [] },
  skipped: { children: /^$/, required: ['message'], optional: [] },
  'system-out': { children: /^$/, required: [], optional: [] },
};

test('elements and attributes are those that CI servers read', async () => {
  conforms(await parsed(Object.values(samples), { warnings: ['an entry expired'] }));
  conforms(await parsed([]));
});

test('a test case per model: failure, error, skipped or passed, and the counts agree', async () => {
  const suite = (await parsed(Object.values(samples))).children[0]!;
  const cases = suite.children.filter((child) => child.name === 'testcase');
  const outcomes: Record<string, string> = Object.fromEntries(
    cases.map((one) => [
      one.attributes.name!,
      one.children.find((child) => child.name !== 'system-out')?.name ?? 'passed',
    ]),
  );
  assert.deepEqual(outcomes, {
    'models/digits-clean.onnx': 'passed',
    'models/digits-badnets.onnx': 'failure',
    'models/signs/gtsrb-blend.onnx': 'failure',
    'models/digits-noisy-labels.onnx': 'passed',
    'models/honeypot.onnx': 'skipped',
    'models/signs/wrong-channels.onnx': 'error',
    'models/truncated.onnx': 'error',
    'models/detector.onnx': 'error',
  });
  const { tests, failures, errors, skipped } = suite.attributes;
  assert.deepEqual([tests, failures, errors, skipped], ['8', '2', '3', '1']);
});

test('the preprocessing that a model states is a line of its test case, and of no other', async () => {
  const lines = async (result: ScanResult): Promise<string[]> => {
    const testCase = (await parsed([result])).children[0]!.children.find(({ name }) => name === 'testcase')!;
    return testCase.children
      .at(-1)!
      .text.split('\n')
      .filter((line) => line.startsWith('pixels: '));
  };
  assert.deepEqual(await lines(samples.suspicious), [
    'pixels: scale 1; mean 0.485, 0.456, 0.406; std 0.229, 0.224, 0.225; channels bgr; as preprocessor_config.json says',
  ]);
  assert.deepEqual(await lines(samples.backdoored), []);
});

test('--fail-on decides what fails', async () => {
  const failures = async (failOn: RunReport['failOn']): Promise<string> =>
    (await parsed([samples.backdoored, samples.suspicious, samples.poisonedLabels], { failOn })).attributes.failures!;
  assert.deepEqual(await Promise.all((['note', 'warning', 'error', 'never'] as const).map(failures)), [
    '3',
    '2',
    '1',
    '0',
  ]);
});

test('hostile names stay text: the XML parses and has the same shape', async () => {
  const shape = (element: XmlElement): unknown => [element.name, element.children.map(shape)];
  const expected = shape(await parsed([hostile('x'), samples.malformed]));
  const nasty = fc.constantFrom(
    ']]>',
    '<![CDATA[',
    '"/><failure message="',
    '\u0000\u001b[2J',
    '\ud800',
    '&lt;',
    '\ufffe',
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(nasty, fc.string({ unit: 'binary' })), async (text) => {
      const tree = await parsed([hostile(text), { ...samples.malformed, model: { path: text } }]);
      assert.deepEqual(shape(tree), expected);
    }),
  );
});

test('golden', async () => {
  expectGolden('report/report.xml', await rendered(Object.values(samples), { warnings: ['an entry expired'] }));
});

function conforms(element: XmlElement): void {
  const rule = grammar[element.name];
  assert.ok(rule, `unknown element ${element.name}`);
  assert.match(element.children.map((child) => `${child.name} `).join(''), rule.children, element.name);
  const names = Object.keys(element.attributes);
  for (const name of rule.required) assert.ok(names.includes(name), `${element.name} lacks ${name}`);
  for (const name of names)
    assert.ok([...rule.required, ...rule.optional].includes(name), `${element.name} has ${name}`);
  element.children.forEach(conforms);
}

async function parsed(results: readonly ScanResult[], more: Partial<RunReport> = {}): Promise<XmlElement> {
  return parseXml(await rendered(results, more));
}

function rendered(results: readonly ScanResult[], more: Partial<RunReport> = {}): Promise<string> {
  const context = { colour: false, width: 80, encodeImage: fakeEncoder };
  return reportFormats.get('junit')!.render(sampleRun(results, more), context);
}
