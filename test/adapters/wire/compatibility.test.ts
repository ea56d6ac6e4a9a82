import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeImageSet, encodeImageSet } from '../../../adapters/wire/image-set.js';
import { decodeTaskResult } from '../../../adapters/wire/task-result.js';
import { decodeTask } from '../../../adapters/wire/task.js';
import type { TaskResult } from '../../../core/pipeline/task.js';
import { neuroninspect } from '../../../proto/gen/scan-v1.js';
import type { neuroninspect as types } from '../../../proto/gen/scan-v1-types.js';
import { expectGoldenBytes } from '../../support/golden.js';
import { repoRoot } from '../../support/paths.js';
import { withChecksum, withoutChecksum } from '../../support/wire.js';
import { pixelSet, rawSet } from './support/image-sets.js';
import { messages } from './support/messages.js';
import * as samples from './support/samples.js';

const { v1 } = neuroninspect.scan;

/** A number, a text, eight and four fixed bytes, and a group, of field numbers that no version used yet. */
const unknown = Buffer.concat([
  Buffer.from([0xc0, 0x3e, 0x96, 0x01]),
  Buffer.from([0xca, 0x3e, 0x03, 0x61, 0x62, 0x63]),
  Buffer.from([0xd1, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8]),
  Buffer.from([0xdd, 0x3e, 1, 2, 3, 4]),
  Buffer.from([0xe3, 0x3e, 0x08, 0x01, 0xe4, 0x3e]),
]);

for (const { name, value, bytes, decode } of messages) {
  test(`${name}: written as ever, so that older and newer readers agree`, () => {
    expectGoldenBytes(`wire/current/${name}.bin`, bytes);
  });

  test(`${name}: what this version wrote first is read as it was meant`, () => {
    assert.deepStrictEqual(decode(bytes), value);
    assert.deepStrictEqual(decode(readFileSync(join(repoRoot, `test/goldens/wire/current/${name}.bin`))), value);
  });

  test(`${name}: fields of a newer version are skipped`, () => {
    const fields = withoutChecksum(bytes);
    assert.deepStrictEqual(decode(withChecksum(Buffer.concat([fields, unknown]))), value);
    assert.deepStrictEqual(decode(withChecksum(Buffer.concat([unknown, fields, unknown]))), value);
  });

  test(`${name}: without a checksum, as older senders wrote it, it is read; with one, no flipped bit passes`, () => {
    assert.deepStrictEqual(decode(withoutChecksum(bytes)), value);
    const contents = bytes.length - 6;
    for (let bit = 0; bit < 8 * contents; bit += 1 + Math.floor(contents / 100)) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      assert.throws(() => decode(flipped), { code: 'message-malformed' }, `bit ${bit}`);
    }
  });
}

test('image sets are written as ever, and fields of a newer version are skipped', () => {
  for (const set of [pixelSet(), rawSet()]) {
    const bytes = encodeImageSet(set);
    expectGoldenBytes(`wire/current/image-set-${set.kind}.bin`, bytes);
    assert.deepStrictEqual(
      decodeImageSet(withChecksum(Buffer.concat([withoutChecksum(bytes), unknown])), set.digest),
      set,
    );
  }
});

test('fields of a newer version are skipped inside of other messages too', () => {
  const task: types.scan.v1.ShardTask.$Properties = v1.ShardTask.decode(bytesOf('task-saliency'));
  const $unknowns = [unknown];
  const [file] = task.model!.files!;
  const newer = v1.ShardTask.encode({
    ...task,
    model: {
      ...task.model,
      files: [{ ...file, blob: { ...file!.blob, $unknowns }, $unknowns }, task.model!.files![1]!],
    },
    images: { ...task.images, $unknowns },
    limits: { ...task.limits, $unknowns },
    saliency: { ...task.saliency, classes: { ...task.saliency!.classes, $unknowns }, $unknowns },
  }).finish();
  assert.ok(newer.length > 5 * unknown.length);
  assert.deepStrictEqual(decodeTask(newer), samples.tasks.saliency);

  const result: types.scan.v1.ShardFeatures.$Properties = v1.ShardFeatures.decode(bytesOf('result-features'));
  const features = result.features!;
  const values = features.values!.map((one) => ({ ...one, $unknowns }));
  const parity = features.parity!.map((one) => ({ ...one, $unknowns }));
  const newerResult = v1.ShardFeatures.encode({ ...result, features: { ...features, values, parity, $unknowns } });
  assert.deepStrictEqual(decodeTaskResult(newerResult.finish()), samples.results.features);
});

/**
 * Messages as older senders wrote them: these files are never written again. A field that is added later gets a file here
 * that lacks it.
 */
const old: Record<string, readonly [decode: (bytes: Uint8Array) => unknown, meaning: unknown]> = {
  // No ordered_lane: the lane of the task is that of the order.
  'task-without-ordered-lane': [
    decodeTask,
    { ...samples.tasks.inspect, lane: 'gate', order: { ...samples.order, lane: 'gate' } },
  ],
  // No created_at_ms: nothing is known of when the task was made.
  'failure-without-created-at': [decodeTaskResult, withoutCreatedAt(samples.results.failure)],
  // No checks: the sender ran none.
  'inspection-without-checks': [
    decodeTaskResult,
    {
      ...samples.results.inspection,
      outcome: {
        ...samples.results.inspection.outcome,
        inspection: { ...samples.results.inspection.outcome.inspection, checks: undefined },
      },
    },
  ],
  // No engine, no accuracy, no hint, no class names, no final activation.
  'inspection-of-the-least': [
    decodeTaskResult,
    {
      taskId: samples.tasks.inspect.id,
      scanId: samples.order.scanId,
      worker: 'worker-3',
      seconds: 0.25,
      outcome: {
        kind: 'inspection',
        inspection: {
          ...samples.results.inspection.outcome.inspection,
          cut: undefined,
          accuracy: undefined,
          preprocessingHint: undefined,
          checks: undefined,
        },
        images: { labels: [undefined, undefined, undefined] },
      },
    },
  ],
};

for (const [name, [decode, meaning]] of Object.entries(old)) {
  test(`${name}: a message of an older sender is read as it was meant`, () => {
    assert.deepStrictEqual(decode(readFileSync(join(repoRoot, `test/goldens/wire/old/${name}.bin`))), meaning);
  });
}

function withoutCreatedAt(result: TaskResult): unknown {
  return Object.fromEntries(Object.entries(result).filter(([name]) => name !== 'createdAt'));
}

function bytesOf(name: string): Uint8Array {
  return withoutChecksum(messages.find((message) => message.name === name)!.bytes);
}
