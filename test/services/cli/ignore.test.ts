import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Finding, ScanResult } from '../../../core/scan/result.js';
import { applyIgnores } from '../../../services/cli/ignore/apply-ignores.js';
import { readIgnoreFile, type IgnoreEntry } from '../../../services/cli/ignore/ignore-file.js';

const today = '2026-06-15';
const digest = `sha256:${'ab'.repeat(32)}`;

const cases: readonly { name: string; entry: Partial<IgnoreEntry>; ignored: boolean; warns?: RegExp }[] = [
  { name: 'the rule alone', entry: { id: 'label-poisoning' }, ignored: true },
  { name: 'the digest alone', entry: { digest }, ignored: true },
  { name: 'rule, digest and class', entry: { id: 'label-poisoning', digest, classes: [1, 3] }, ignored: true },
  { name: 'another rule', entry: { id: 'backdoor-trigger' }, ignored: false, warns: /matches no finding/ },
  { name: 'another class', entry: { digest, classes: [4] }, ignored: false, warns: /matches no finding/ },
  { name: 'a model that is not in this run', entry: { digest: `sha256:${'00'.repeat(32)}` }, ignored: false },
  { name: 'its last day today', entry: { digest, expires: today }, ignored: true },
  {
    name: 'its last day yesterday',
    entry: { digest, expires: '2026-06-14' },
    ignored: false,
    warns: /expired on 2026-06-14/,
  },
];

for (const { name, entry, ignored, warns } of cases) {
  test(`an entry with ${name} ${ignored ? 'covers' : 'does not cover'} the finding`, () => {
    const file = { path: 'i.yaml', entries: [{ statement: 'known', ...entry }] };
    const { results, warnings } = applyIgnores([result()], file, today);
    const [finding] = results[0]!.findings;
    assert.equal(finding?.rule, 'label-poisoning', 'an ignored finding stays visible');
    assert.deepEqual(finding.ignored, ignored ? { statement: 'known', expires: entry.expires } : undefined);
    if (warns) assert.match(warnings.join(), warns);
    else assert.deepEqual(warnings, []);
  });
}

test('an entry is not stale because its model could not be judged', () => {
  const file = { path: 'i.yaml', entries: [{ digest, statement: 'known' }] };
  const failed = { ...result(), verdict: 'inconclusive' as const, findings: [] };
  assert.deepEqual(applyIgnores([failed], file, today).warnings, []);
});

test('a valid entry counts beside an expired one', () => {
  const entries = [
    { digest, expires: '2020-01-01', statement: 'old' },
    { digest, statement: 'new' },
  ];
  const { results, warnings } = applyIgnores([result()], { path: 'i.yaml', entries }, today);
  assert.equal(results[0]!.findings[0]?.ignored?.statement, 'new');
  assert.equal(warnings.length, 1);
});

test('a file is read as a list or under "ignore:", digests in any spelling', async (t) => {
  const list = `- {digest: ${digest.slice(7).toUpperCase()}, statement: known, expires: 2026-12-31}\n`;
  const expected = [{ digest, statement: 'known', expires: '2026-12-31' }];
  assert.deepEqual((await read(t, list))?.entries, expected);
  assert.deepEqual((await read(t, `ignore:\n${list}`))?.entries, expected);
  assert.deepEqual((await read(t, 'ignore:\n'))?.entries, []);
});

test('without a file nothing is ignored, but one that is named must exist', async (t) => {
  const dir = await folder(t);
  assert.equal(await readIgnoreFile(undefined, dir), undefined);
  await assert.rejects(readIgnoreFile('gone.yaml', dir), /gone\.yaml cannot be read/);
});

const wrong: readonly { text: string; says: RegExp }[] = [
  { text: '- {id: label-poisoning}', says: /entry 1: statement must be a sentence/ },
  { text: '- {id: poisoning, statement: x}', says: /entry 1: id must be one of backdoor-trigger/ },
  { text: '- {statement: x}', says: /entry 1 needs id or digest/ },
  { text: `- {digest: abc, statement: x}`, says: /digest must be sha256: and 64 hex digits/ },
  { text: '- {id: label-poisoning, statement: x, expires: tomorrow}', says: /expires must be a day/ },
  { text: '- {id: label-poisoning, statement: x, expires: 2026-02-30}', says: /expires must be a day/ },
  { text: '- {id: label-poisoning, statement: x, classes: three}', says: /classes must be a list/ },
  { text: '- {id: label-poisoning, statment: x}', says: /unknown key "statment"; did you mean "statement"/ },
  { text: 'ignored: []', says: /unknown key "ignored"; did you mean "ignore"/ },
  { text: 'hello', says: /must hold a list/ },
  { text: '- [', says: /no valid YAML/ },
];

for (const { text, says } of wrong) {
  test(`an ignore file "${text}" is refused`, async (t) => {
    await assert.rejects(read(t, text), says);
  });
}

async function read(t: TestContext, text: string) {
  const dir = await folder(t);
  await writeFile(join(dir, '.neuroninspect-ignore.yaml'), text);
  return readIgnoreFile(undefined, dir);
}

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'neuroninspect-ignore-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function result(): ScanResult {
  const finding: Finding = { rule: 'label-poisoning', severity: 'note', classIndex: 3, message: 'Odd' };
  return {
    scanId: '00',
    model: { path: 'm.onnx', digest },
    verdict: 'suspicious',
    targetClasses: [3],
    findings: [finding],
    classes: [],
    detectors: [],
    evidence: [],
    profile: { name: 'p', version: 1, hash: 'h' },
    images: { digest: 'sha256:11', count: 50, labelled: 0 },
    timings: { total: 1 },
    cached: false,
  };
}
