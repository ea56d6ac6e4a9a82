import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeClosed } from '../../../adapters/wire/closed.js';
import { decodeDeadLetter } from '../../../adapters/wire/dead-letter.js';
import { decodeTaskResult, encodeTaskResult } from '../../../adapters/wire/task-result.js';
import { decodeTask, encodeTask } from '../../../adapters/wire/task.js';
import { decodeVerdict, encodeVerdict } from '../../../adapters/wire/verdict.js';
import { ScanError } from '../../../core/scan/errors.js';
import { neuroninspect } from '../../../proto/gen/scan-v1.js';
import type { neuroninspect as types } from '../../../proto/gen/scan-v1-types.js';
import { withoutChecksum } from '../../support/wire.js';
import { messages } from './support/messages.js';
import * as samples from './support/samples.js';

const { v1 } = neuroninspect.scan;
type Path = types.scan.v1.ShardTask.File.$Properties;

/** What a hostile or broken sender could write into each kind of message, and a part of the answer. */
const cases: Record<
  string,
  readonly [
    decode: (bytes: Uint8Array) => unknown,
    fields: () => object,
    encode: (fields: object) => { finish(): Uint8Array },
    changes: readonly (readonly [changes: object, why: RegExp])[],
  ]
> = {
  'task-saliency': [
    decodeTask,
    () => v1.ShardTask.decode(bytesOf('task-saliency')),
    (fields) => v1.ShardTask.encode(fields),
    [
      [{ scanId: 'AB'.repeat(32) }, /scan_id/],
      [{ scanId: '' }, /scan_id/],
      [{ scanId: 'ab'.repeat(32) }, /model, images and settings give/],
      [{ taskId: samples.tasks.inspect.id }, /task_id does not name this work/],
      [{ lane: 0 }, /lane is 0/],
      [{ lane: 7 }, /lane is 7/],
      [{ orderedLane: 9 }, /ordered_lane is 9/],
      [{ notAfterMs: 1_700_000_000_000 }, /not_after_ms/],
      [{ createdAtMs: 8.7e15 }, /created_at_ms/],
      [{ settingsJson: '{}' }, /settings/],
      [{ settingsJson: `${settingsJson()} ` }, /not canonical/],
      [{ settingsJson: settingsJson().replace('"images":50', '"images":49') }, /settings give/],
      [{ settingsJson: settingsJson().replace('"images":50', '"images":50,"new":1') }, /new/],
      [{ model: null }, /model is missing/],
      [{ images: null }, /images is missing/],
      [{ limits: null }, /limits is missing/],
      [{ limits: { maxModelBytes: 0, maxRunBytes: 1 } }, /max_model_bytes/],
      [{ limits: { maxModelBytes: 1, maxRunBytes: 2 ** 53 } }, /max_run_bytes/],
      [model({ digest: '1a'.repeat(32) }), /model.digest/],
      [model({ format: '../onnx' }), /model.format/],
      [model({ name: 'n'.repeat(1025) }), /model.name/],
      [model({ files: [] }), /model.files is empty/],
      [model({ files: Array.from({ length: 1001 }, (_, i) => file(`${i}`)) }), /more than 1000/],
      [model({ files: [file('a'), file('a')] }), /twice/],
      [model({ files: [file('a/b'), file('a')] }), /both a file and a folder/],
      ...['', '/a', '../a', 'a/../../b', 'a//b', 'a/', './a', 'a/.', 'a\\b', 'a\0b', 'a\nb', 'C:a', 'C:/a'].map(
        (path) => [model({ files: [file(path)] }), /model.files.path/] as const,
      ),
      [model({ files: [file('é'.repeat(128))] }), /255 bytes/],
      [model({ files: [file(`${'a/'.repeat(600)}b`)] }), /1024/],
      [model({ files: [{ path: 'a' }] }), /blob is missing/],
      [model({ files: [{ path: 'a', blob: { sha256: 'zz', bytes: 1 } }] }), /blob.sha256/],
      [model({ files: [{ path: 'a', blob: { sha256: 'ab'.repeat(32), bytes: 2 ** 41 } }] }), /blob.bytes/],
      [images({ count: 0 }), /images.count/],
      [images({ count: 100_001 }), /images.count/],
      [images({ labelled: 51 }), /images.labelled/],
      [images({ digest: 'md5:00' }), /images.digest/],
      [{ saliency: null }, /work is missing/],
      [{ confirm: { classIndex: 16 } }, /task_id does not name this work/],
      [shard([3, 3], [0, 1]), /classes.end/],
      [shard([4, 3], [0, 1]), /classes.end/],
      [shard([0, 100_001], [0, 1]), /classes.end/],
      [shard([0, 1], [0, 51]), /there are 50 images/],
      [{ saliency: { classes: { start: 0, end: 1 } } }, /images is missing/],
    ],
  ],
  'task-confirm': [
    decodeTask,
    () => v1.ShardTask.decode(bytesOf('task-confirm')),
    (fields) => v1.ShardTask.encode(fields),
    [[{ confirm: { classIndex: 100_000 } }, /class_index/]],
  ],
  'result-features': [
    decodeTaskResult,
    () => v1.ShardFeatures.decode(bytesOf('result-features')),
    (fields) => v1.ShardFeatures.encode(fields),
    [
      [{ taskId: `${samples.order.scanId}/inspect` }, /does not fit the outcome/],
      [{ taskId: `${'ab'.repeat(32)}/16-18x0-3` }, /no task of the scan/],
      [{ scanId: 'ab' }, /scan_id/],
      [{ seconds: -1 }, /seconds/],
      [{ seconds: NaN }, /seconds/],
      [{ createdAtMs: 8.7e15 }, /created_at_ms/],
      [{ features: null }, /outcome is missing/],
      [features({ values: [{ key: 'rectified.gain', data: new Uint8Array(23) }] }), /23 bytes; 6 values take 24/],
      [features({ values: [{ key: 'rectified.gain' }] }), /0 bytes/],
      [features({ values: [{ key: 'rectified.persistent', data: new Uint8Array(24) }] }), /rectified.persistent/],
      [features({ values: Array.from({ length: 2 }, () => values()) }), /rectified.gain twice/],
      [features({ values: Array.from({ length: 10 }, () => values()) }), /more than 9/],
      [features({ parity: [parity({ rule: 'other' })] }), /rule/],
      [features({ parity: [parity({}), parity({})] }), /rectified twice/],
      [features({ parity: [parity({ bits: new Uint8Array(3) })] }), /3 bytes; the maps of this shard take 4/],
      [features({ parity: [parity({ images: 4 })] }), /parity.images/],
      [features({ parity: [parity({ height: 2 ** 20, width: 2 ** 20 })] }), /maps of this shard take/],
      [features({ shard: { classes: { start: 0, end: 1 } } }), /shard.images is missing/],
    ],
  ],
  'result-inspection': [
    decodeTaskResult,
    () => v1.ShardFeatures.decode(bytesOf('result-inspection')),
    (fields) => v1.ShardFeatures.encode(fields),
    [
      [inspection({ classes: 0 }), /classes/],
      [inspection({ classes: 100_001 }), /classes/],
      [inspection({ layout: v1.ShardFeatures.Layout.LAYOUT_UNSPECIFIED }), /layout/],
      [inspection({ predictions: [0, 43, 7] }), /predictions/],
      [inspection({ predictions: [0, -2, 7] }), /predictions/],
      [inspection({ labelsPlusOne: [1, 2] }), /2 items, but 3 images/],
      [inspection({ accuracy: NaN }), /accuracy/],
      [inspection({ cut: 'Tanh' }), /cut/],
      [inspection({ tileImages: 0 }), /tile_images/],
      [inspection({ checks: { findings: [{ check: 'x', severity: 'fatal' }] } }), /checks\.severity/],
      [inspection({ checks: { findings: [{ check: 'x'.repeat(201), severity: 'note' }] } }), /checks\.check/],
      [inspection({ checks: { findings: new Array(1001).fill({ check: 'x', severity: 'note' }) } }), /more than 1000/],
      [inspection({ inputDims: [3, 0, 32] }), /input_dims/],
      [inspection({ inputDims: new Array(9).fill(1) }), /input_dims/],
      [inspection({ classNames: ['n'.repeat(1025)] }), /class_names/],
      [inspection({ classNames: new Array(5000).fill('n'.repeat(1000)) }), /class_names take 5000000 bytes/],
      [inspection({ classNames: new Array(100_001).fill('') }), /more than 100000/],
    ],
  ],
  'result-evidence': [
    decodeTaskResult,
    () => v1.ShardFeatures.decode(bytesOf('result-evidence')),
    (fields) => v1.ShardFeatures.encode(fields),
    [
      [evidence({ classIndex: 16 }), /does not fit/],
      [evidence({ trigger: null }), /trigger is missing/],
      [evidence({ probe: null }), /probe is missing/],
      [evidence({ pictures: null }), /pictures is missing/],
    ],
  ],
  'result-ahead': [
    decodeTaskResult,
    () => v1.ShardFeatures.decode(bytesOf('result-ahead')),
    (fields) => v1.ShardFeatures.encode(fields),
    [
      [ahead({ scanId: 'ab'.repeat(32) }), /a result of another scan/],
      [ahead({ ahead: [{}] }), /results that hold results/],
      [ahead({ seconds: -1 }), /seconds/],
      [ahead({ features: null }), /outcome is missing/],
      [{ ahead: new Array(65).fill({}) }, /65 results, 64 are allowed/],
    ],
  ],
  'result-failure': [
    decodeTaskResult,
    () => v1.ShardFeatures.decode(bytesOf('result-failure')),
    (fields) => v1.ShardFeatures.encode(fields),
    [
      [{ failure: { code: 'Not A Code', message: '' } }, /failure.code/],
      [{ failure: { code: 'internal', message: 'm'.repeat(4001) } }, /failure.message/],
      [{ taskId: `${samples.order.scanId}/../other` }, /no task of the scan/],
    ],
  ],
  verdict: [
    decodeVerdict,
    () => v1.ScanVerdict.decode(bytesOf('verdict')),
    (fields) => v1.ScanVerdict.encode(fields),
    [
      [{ verdict: 0 }, /verdict is 0, which is no verdict/],
      [{ verdict: 5 }, /verdict is 5/],
      [{ verdict: v1.ScanVerdict.Verdict.VERDICT_INCONCLUSIVE }, /reason must be there/],
      [{ reason: { code: 'internal', message: '' } }, /reason must be there exactly/],
      [{ modelDigest: '' }, /model_digest/],
      [{ profileHash: '' }, /profile_hash/],
      [{ reportKey: 'reports/\n' }, /report_key/],
      [{ targetClasses: [100_000] }, /target_classes/],
      [{ findings: [{ rule: 'Rule', severity: 'error' }] }, /findings.rule/],
      [{ findings: [{ rule: 'rule', severity: 'fatal' }] }, /findings.severity/],
    ],
  ],
  'dead-letter': [
    decodeDeadLetter,
    () => v1.DeadLetter.decode(bytesOf('dead-letter')),
    (fields) => v1.DeadLetter.encode(fields),
    [
      [{ topic: 'elsewhere' }, /topic/],
      [{ value: new Uint8Array(65_537) }, /value/],
      [{ valueBytes: 2 }, /value_bytes/],
      [{ reason: null }, /reason is missing/],
    ],
  ],
  closed: [
    decodeClosed,
    () => v1.ScanClosed.decode(bytesOf('closed')),
    (fields) => v1.ScanClosed.encode(fields),
    [
      [{ scanId: '' }, /scan_id/],
      [{ closedAtMs: 2 ** 53 + 2 }, /closed_at_ms/],
    ],
  ],
};

for (const [name, [decode, fields, encode, changes]] of Object.entries(cases)) {
  test(`${name}: what is out of bounds is refused by name`, () => {
    decode(encode(fields()).finish());
    for (const [change, why] of changes) {
      const bytes = encode({ ...fields(), ...change }).finish();
      assert.throws(
        () => decode(bytes),
        (error) => error instanceof ScanError && error.code === 'message-malformed' && why.test(error.message),
        `${JSON.stringify(change).slice(0, 200)} was not refused with ${why.source}`,
      );
    }
  });
}

test('a code that a newer sender knows stays a failure', () => {
  const fields: types.scan.v1.ShardFeatures.$Properties = v1.ShardFeatures.decode(bytesOf('result-failure'));
  const failure = { code: 'engine-melted', message: 'call the fire brigade' };
  const { outcome } = decodeTaskResult(v1.ShardFeatures.encode({ ...fields, failure }).finish());
  const reason = { code: 'internal', message: 'engine-melted: call the fire brigade' };
  assert.deepEqual(outcome, { kind: 'failure', reason });
});

test('what readers would refuse is not sent', () => {
  const internal = (error: unknown) => error instanceof ScanError && error.code === 'internal';
  assert.throws(() => encodeTask({ ...samples.tasks.inspect, id: 'other' }), internal);
  assert.throws(() => encodeTask({ ...samples.tasks.inspect, createdAt: 8e12 }), internal);
  assert.throws(() => encodeVerdict({ ...samples.announcement, verdict: 'inconclusive' }), internal);
  const { features } = samples.results;
  const classes = { start: 0, end: 90_000 };
  const shard = { ...features.outcome.features.shard, id: `${samples.order.scanId}/0-90000x0-50`, classes };
  const wide = { ...shard, images: { start: 0, end: 50 } };
  const values = new Map([['rectified.gain' as const, new Float32Array(90_000 * 50)]]);
  const outcome = { kind: 'features' as const, features: { shard: wide, values, parity: new Map() } };
  assert.throws(() => encodeTaskResult({ ...features, taskId: wide.id, outcome }), /longer than 8388608 bytes/);
});

function bytesOf(name: string): Uint8Array {
  return withoutChecksum(messages.find((message) => message.name === name)!.bytes);
}

function settingsJson(): string {
  return v1.ShardTask.decode(bytesOf('task-saliency')).settingsJson;
}

function model(change: types.scan.v1.ShardTask.Model.$Properties): object {
  return { model: { ...v1.ShardTask.decode(bytesOf('task-saliency')).model, ...change } };
}

function file(path: string): Path {
  return { path, blob: { sha256: 'ab'.repeat(32), bytes: 1 } };
}

function images(change: types.scan.v1.ShardTask.Images.$Properties): object {
  return { images: { ...v1.ShardTask.decode(bytesOf('task-saliency')).images, ...change } };
}

function shard(classes: [number, number], range: [number, number]): object {
  const of = ([start, end]: [number, number]) => ({ start, end });
  return { saliency: { classes: of(classes), images: of(range) } };
}

function ahead(change: types.scan.v1.ShardFeatures.$Properties): object {
  const fields: types.scan.v1.ShardFeatures.$Properties = v1.ShardFeatures.decode(bytesOf('result-features'));
  return { ahead: [{ ...fields, ...change }] };
}

function values(): types.scan.v1.ShardFeatures.Values.$Properties {
  return { key: 'rectified.gain', data: new Uint8Array(24) };
}

function features(change: types.scan.v1.ShardFeatures.Features.$Properties): object {
  return { features: { ...v1.ShardFeatures.decode(bytesOf('result-features')).features, ...change } };
}

function parity(
  change: types.scan.v1.ShardFeatures.Parity.$Properties,
): types.scan.v1.ShardFeatures.Parity.$Properties {
  return { rule: 'rectified', images: 2, height: 3, width: 3, bits: new Uint8Array(4), ...change };
}

function inspection(change: types.scan.v1.ShardFeatures.Inspection.$Properties): object {
  return { inspection: { ...v1.ShardFeatures.decode(bytesOf('result-inspection')).inspection, ...change } };
}

function evidence(change: types.scan.v1.ShardFeatures.Evidence.$Properties): object {
  return { evidence: { ...v1.ShardFeatures.decode(bytesOf('result-evidence')).evidence, ...change } };
}
