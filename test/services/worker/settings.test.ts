import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSettings } from '../../../services/common/settings.js';
import { workerSettings } from '../../../services/worker/settings.js';

const needed = { NEURONINSPECT_KAFKA_BROKERS: 'kafka:9092', NEURONINSPECT_OBJECT_STORE: 'file:///objects' };

describe('settings of the worker', () => {
  for (const [text, bytes] of [
    ['1048576', 2 ** 20],
    ['2MB', 2e6],
    ['3MiB', 3 * 2 ** 20],
    ['10G', 10e9],
    ['1TiB', 2 ** 40],
    ['2000000B', 2e6],
  ] as const) {
    it(`reads ${text} as ${bytes} bytes`, () => {
      const settings = readSettings(workerSettings, { ...needed, NEURONINSPECT_CACHE_SIZE: text });
      assert.equal(settings.cacheSize, bytes);
    });
  }

  for (const text of ['', ' ', '-1', '1.5GB', '10XB', '12', 'GB', '999999999999999TB']) {
    it(`does not take ${JSON.stringify(text)} as the size of a cache`, () => {
      const read = () => readSettings(workerSettings, { ...needed, NEURONINSPECT_CACHE_SIZE: text });
      if (text === '') assert.ok(read().cacheSize > 0, 'the default');
      else assert.throws(read, { code: 'usage', message: /NEURONINSPECT_CACHE_SIZE/ });
    });
  }

  it('names every setting that is missing or wrong', () => {
    const names = ['KAFKA_BROKERS', 'OBJECT_STORE', 'PROVIDER', 'TASK_TRIES'].map((name) => `NEURONINSPECT_${name}`);
    const wrong = { NEURONINSPECT_PROVIDER: 'tpu', NEURONINSPECT_TASK_TRIES: '0' };
    assert.throws(
      () => readSettings(workerSettings, wrong),
      (error: Error) => names.every((name) => error.message.includes(name)),
    );
  });
});
