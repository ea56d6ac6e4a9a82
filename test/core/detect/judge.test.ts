import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { detect } from '../../../core/detect/detect.js';
import { judge } from '../../../core/detect/judge.js';
import { nullTables } from '../../../core/detect/p-value.js';
import { cascadeScore } from '../../../core/detect/score.js';
import { ScanError } from '../../../core/scan/errors.js';
import { cascade1, paper2019 } from '../../../core/scan/profiles.js';
import type { Evidence } from '../../../core/scan/result.js';
import { context, evidence, featuresOf, only } from './fixtures.js';

const tables = nullTables();
const names = ['plane', 'car', 'bird', 'cat', 'deer', 'ship', 'frog', 'horse', 'dog', 'truck'];
const outlier = detect(
  cascade1,
  featuresOf({ 'guided.gain': only(5, 3), 'rectified.gain': only(5, 3) }),
  context({ classNames: names }),
  tables,
);
const ordinary = detect(cascade1, featuresOf({ 'guided.gain': only(5, 3) }), context({ classNames: names }), tables);
const [easy, hard] = [2.2, 5];

test('an outlier with an invertible trigger is a backdoor, and the message says what the trigger does', () => {
  const { verdict, targetClasses, findings, score } = judge(cascade1, outlier, [evidence(5, easy)]);
  assert.equal(verdict, 'backdoored');
  assert.deepEqual(targetClasses, [5]);
  assert.deepEqual(
    findings.map(({ rule, severity, classIndex, className }) => ({ rule, severity, classIndex, className })),
    [{ rule: 'backdoor-trigger', severity: 'error', classIndex: 5, className: 'ship' }],
  );
  assert.match(
    findings[0]!.message,
    /^A 3x3 patch at the bottom right turns 96 % of 24 held-out images into class 5 \(ship\)/,
  );
  assert.ok(score! > 1);
});

test('either stage alone is suspicious, none is clean', () => {
  const saliency = judge(cascade1, outlier, [evidence(5, hard, 0.4)]);
  assert.equal(saliency.verdict, 'suspicious');
  assert.equal(saliency.findings[0]!.rule, 'saliency-outlier');
  assert.equal(saliency.findings[0]!.severity, 'warning');
  assert.match(saliency.findings[0]!.message, /turns 40 %/);
  const trigger = judge(cascade1, ordinary, [evidence(5, easy)]);
  assert.equal(trigger.verdict, 'suspicious');
  assert.equal(trigger.findings[0]!.rule, 'invertible-trigger');
  assert.deepEqual(trigger.targetClasses, [5]);
  const clean = judge(cascade1, ordinary, [evidence(5, hard)]);
  assert.equal(clean.verdict, 'clean');
  assert.deepEqual([clean.targetClasses, clean.findings], [[], []]);
  assert.ok(clean.score! <= 1 && saliency.score! > 1 && trigger.score! > 1);
});

test('signs of mislabelling are reported at any class and leave the verdict alone', () => {
  const features = featuresOf({ 'guided.gain': only(5, 3), 'vanilla.gain': only(3, 0.1) });
  const detection = detect(cascade1, features, context(), tables);
  const { verdict, findings } = judge(cascade1, detection, [evidence(5, hard)]);
  assert.equal(verdict, 'clean');
  assert.deepEqual(
    findings.map(({ rule, severity, classIndex }) => [rule, severity, classIndex]),
    [['label-poisoning', 'note', 3]],
  );
});

test('a class with a trigger that was shown to work is not called mislabelled beside', () => {
  const features = featuresOf({ 'guided.gain': only(5, 3), 'vanilla.gain': only(5, 0.1) });
  const detection = detect(cascade1, features, context(), tables);
  const rules = (shown: Evidence) => judge(cascade1, detection, [shown]).findings.map(({ rule }) => rule);
  assert.deepEqual(rules(evidence(5, easy)), ['backdoor-trigger']);
  assert.deepEqual(rules(evidence(5, hard)), ['saliency-outlier', 'label-poisoning']);
});

test('the paper profile is suspicious on its own and shows a trigger where one was made', () => {
  const values = (index: number) => [100, 101, 99, 100.5, 99.5, 101.5, 98.5, 100.2, 99.8, 10][index]!;
  const features = featuresOf({ 'rectified.sparse': values, 'rectified.smooth': values });
  const detection = detect(paper2019, features, context(), tables);
  const alone = judge(paper2019, detection, []);
  assert.equal(alone.verdict, 'suspicious');
  assert.deepEqual(alone.targetClasses, [9]);
  assert.ok(alone.score! > 1);
  assert.match(judge(paper2019, detection, [evidence(9, easy)]).findings[0]!.message, /turns 96 %/);
  const clean = judge(paper2019, detect(paper2019, featuresOf(), context(), tables), []);
  assert.equal(clean.verdict, 'clean');
});

test('an inconclusive detection stays inconclusive, whatever the evidence', () => {
  const features = featuresOf();
  features.values.get('guided.gain')![0] = NaN;
  const { verdict, reason, score } = judge(cascade1, detect(cascade1, features, context(), tables), [
    evidence(5, easy),
  ]);
  assert.equal(verdict, 'inconclusive');
  assert.equal(reason!.code, 'non-finite-features');
  assert.equal(score, undefined);
});

test('numbers that are none are the reason also where no image is recognised', () => {
  const features = featuresOf();
  features.values.get('guided.gain')![0] = NaN;
  const blind = { ...context(), accuracy: 0 };
  assert.equal(detect(cascade1, featuresOf(), blind, tables).inconclusive?.code, 'low-accuracy');
  assert.equal(detect(cascade1, features, blind, tables).inconclusive?.code, 'non-finite-features');
});

test('without evidence on its candidate, or with a broken one, nothing is clean', () => {
  assert.throws(() => judge(cascade1, ordinary, []), ScanError);
  assert.throws(() => judge(cascade1, ordinary, [evidence(4, hard)]), ScanError);
  assert.throws(() => judge(cascade1, ordinary, [evidence(5, NaN)]), ScanError);
});

test('a finding on few images says so', () => {
  const labels = [0, 1, 2, 3, 4, 6];
  const features = featuresOf({ 'guided.gain': only(5, 3), 'rectified.gain': only(5, 3) }, { classes: 10, images: 6 });
  const detection = detect(cascade1, features, { labels, predictions: labels, channels: 1 }, tables);
  assert.match(judge(cascade1, detection, [evidence(5, easy)]).findings[0]!.message, /only 6 clean images/);
});

test('a trigger of several spots is not called one patch', () => {
  const shown = evidence(5, easy);
  const box = { top: 0, left: 0, height: 1, width: 1 };
  const trigger = { ...shown.trigger, box, boxShare: 0.25 };
  const spots = judge(cascade1, outlier, [{ ...shown, trigger }]).findings[0]!.message;
  assert.match(
    spots,
    /^A pattern of several spots \(9 pixels in all, the largest spot a 1x1 patch at the top left\) turns/,
  );
});

test('each stage adds half a point at its threshold, and the score grows with either', () => {
  const ratio = fc.double({ min: 0, max: 1e6, noNaN: true });
  const energy = fc.double({ min: -5, max: 12, noNaN: true });
  fc.assert(
    fc.property(ratio, ratio, energy, energy, (a, b, e, f) => {
      const score = cascadeScore(a, e, 3.5);
      assert.ok(score >= 0 && score <= 2);
      assert.ok(cascadeScore(Math.max(a, b), Math.min(e, f), 3.5) >= score);
    }),
  );
  assert.equal(cascadeScore(1, 3.5, 3.5), 1);
  assert.ok(cascadeScore(1.2, 3.3, 3.5) > cascadeScore(8, 6.5, 3.5), 'two weak signs outrank a strong one alone');
});

test('a score has no jump at the thresholds', () => {
  for (const [ratio, energy] of [
    [1, 2],
    [1, 9],
    [3, 3.5],
    [0.2, 3.5],
    [1, 3.5],
  ] as const) {
    const around = [-1e-9, 1e-9].flatMap((d) => [
      cascadeScore(ratio + d, energy, 3.5),
      cascadeScore(ratio, energy + d, 3.5),
    ]);
    assert.ok(Math.max(...around) - Math.min(...around) < 1e-6);
  }
});
