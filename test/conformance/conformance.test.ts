import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { expectGolden } from '../support/golden.js';
import { repoRoot } from '../support/paths.js';
import { exceptionOf, exceptions } from './exceptions.js';
import { readNodeTests, testedVersion } from './node-tests.js';
import type { Outcome } from './outcome.js';
import { countsOf, pageOf } from './page.js';
import { runStages, stages, type Stage } from './stages.js';

const { version, tests, refused } = readNodeTests();
const results = new Map<string, { readonly op: string; readonly outcomes: Record<Stage, Outcome> }>();

describe('node tests of the ONNX project', () => {
  for (const op of [...new Set(tests.map((each) => each.op))].sort()) {
    test(op, async () => {
      const wrong: string[] = [];
      for (const each of tests.filter((candidate) => candidate.op === op)) {
        const outcomes = await runStages(each);
        results.set(each.name, { op, outcomes });
        for (const stage of Object.keys(stages) as Stage[]) {
          const outcome = outcomes[stage];
          if (outcome.kind !== 'failed' || exceptionOf(each.name, stage)) continue;
          wrong.push(`${each.name}, ${stages[stage]}: ${outcome.reason}`);
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  test('every exception is still needed, at every stage it names', () => {
    for (const { cases, stages: excused } of exceptions) {
      for (const stage of excused) {
        const needed = [...results].some(
          ([name, { outcomes }]) => cases.test(name) && outcomes[stage].kind === 'failed',
        );
        assert.ok(needed, `${cases.source}, ${stage}: all pass now`);
      }
    }
  });

  test('docs/conformance.md holds these results; UPDATE_GOLDENS=1 writes it', async (t) => {
    if (version !== testedVersion) {
      t.diagnostic(
        `the page is about version ${testedVersion} of the tests; these are of ${version ?? 'an unknown one'}`,
      );
      return;
    }
    const file = join(repoRoot, 'docs', 'conformance.md');
    const expected = await format(pageOf(results, refused, version), {
      ...(await resolveConfig(file)),
      filepath: file,
    });
    if (process.env.UPDATE_GOLDENS === '1') writeFileSync(file, expected);
    assert.equal(readFileSync(file, 'utf8'), expected, 'docs/conformance.md is old: run with UPDATE_GOLDENS=1');
    const golden = await format(JSON.stringify(countsOf(results)), { ...(await resolveConfig(file)), parser: 'json' });
    expectGolden('conformance.json', golden);
  });
});
