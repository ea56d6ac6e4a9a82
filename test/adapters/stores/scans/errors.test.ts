import assert from 'node:assert/strict';
import { it } from 'node:test';
import { databaseError } from '../../../../adapters/stores/scans/errors.js';
import { ScanError } from '../../../../core/scan/errors.js';

const cases: readonly (readonly [string, Error, ScanError['code'], boolean])[] = [
  ['nobody listens', coded('ECONNREFUSED'), 'storage-failed', true],
  ['the connection breaks', coded('EPIPE'), 'storage-failed', true],
  ['the driver lost the connection', new Error('Connection terminated unexpectedly'), 'storage-failed', true],
  ['no connection is free in time', new Error('timeout exceeded when trying to connect'), 'storage-failed', true],
  ['all addresses of a name refuse', new AggregateError([coded('ECONNREFUSED')]), 'storage-failed', true],
  ['the server shuts down', coded('57P01'), 'storage-failed', true],
  ['the server starts', coded('57P03'), 'storage-failed', true],
  ['statement timeout', coded('57014'), 'storage-failed', true],
  ['lock timeout', coded('55P03'), 'storage-failed', true],
  ['deadlock', coded('40P01'), 'storage-failed', true],
  ['disk full', coded('53100'), 'storage-failed', true],
  ['wrong password', coded('28P01'), 'storage-failed', false],
  ['no such database', coded('3D000'), 'storage-failed', false],
  ['no right', coded('42501'), 'storage-failed', false],
  ['constraint', coded('23505'), 'internal', false],
  ['no such table', coded('42P01'), 'internal', false],
  ['a mistake of this program', new TypeError('x is not a function'), 'internal', false],
];

for (const [title, error, code, retryable] of cases) {
  it(`says ${code}, ${retryable ? 'worth' : 'not worth'} another try: ${title}`, () => {
    const made = databaseError(error);
    assert.equal(made.code, code);
    assert.equal(made.retryable, retryable);
    assert.equal(made.cause, error);
    assert.doesNotMatch(made.message, /: +[;(]|undefined/);
  });
}

it('leaves an error of the scan as it is', () => {
  const error = new ScanError('message-malformed', 'no result');
  assert.equal(databaseError(error), error);
});

function coded(code: string): Error {
  return Object.assign(new Error(`text of ${code}`), { code });
}
