import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../../../adapters/metrics/registry.js';
import { ScanError } from '../../../core/scan/errors.js';
import { createLogger } from '../../../services/common/logger.js';
import { untilAnswered } from '../../../services/common/until-answered.js';

test('a server that is away is asked again until it answers, whatever its library throws', async () => {
  const { options, text } = asking();
  const away = [new Error('connect refused'), new ScanError('storage-failed', 'away', { retryable: true })];
  const answer = await untilAnswered('kafka', options, () => {
    const error = away.shift();
    return error ? Promise.reject(error) : Promise.resolve('here');
  });
  assert.equal(answer, 'here');
  assert.match(await text(), /storage_errors_total\{store="kafka"\} 2/);
});

for (const error of [
  new ScanError('storage-failed', 'wrong password', { retryable: false }),
  new ScanError('internal', 'no workflow bundle'),
  new TypeError('undefined is not a function'),
]) {
  test(`what waiting does not mend is not waited for: ${error.message}`, async () => {
    let calls = 0;
    const call = () => Promise.reject(++calls > 1 ? new Error('asked again') : error);
    await assert.rejects(untilAnswered('postgres', asking().options, call), error);
  });
}

test('a process that is to end asks no more', async () => {
  const stopping = new AbortController();
  const call = (): Promise<string> => {
    stopping.abort();
    return Promise.reject(new Error('away'));
  };
  const answer = await untilAnswered(
    'temporal',
    { ...asking().options, stopping: stopping.signal, pauseMs: 1e6 },
    call,
  );
  assert.equal(answer, undefined);
});

function asking() {
  const metrics = createMetrics();
  const logger = createLogger({ service: 'test', destination: { write: () => undefined } });
  const options = { stopping: new AbortController().signal, logger, metrics, pauseMs: 1 };
  return { options, text: () => metrics.text() };
}
