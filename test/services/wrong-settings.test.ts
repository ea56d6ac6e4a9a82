import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const right = {
  NEURONINSPECT_KAFKA_BROKERS: '127.0.0.1:1',
  NEURONINSPECT_TEMPORAL_ADDRESS: '127.0.0.1:1',
  NEURONINSPECT_DATABASE_URL: 'postgres://scanner:hunter2@127.0.0.1:1/none',
  NEURONINSPECT_OBJECT_STORE: 'file:///nowhere',
};

for (const [service, wrong] of [
  ['worker', { NEURONINSPECT_PROVIDER: 'abacus' }],
  ['worker', { NEURONINSPECT_PROVIDER: 'wasm' }],
  ['worker', { NEURONINSPECT_OBJECT_STORE: 's3://bucket?secretAccessKey=hunter2&endpoint=nowhere' }],
  ['reducer', { NEURONINSPECT_DATABASE_URL: 'mysql://scanner:hunter2@127.0.0.1/none' }],
  ['orchestrator', { NEURONINSPECT_TEMPORAL_ADDRESS: undefined }],
  ['orchestrator', { NEURONINSPECT_OBJECT_STORE: 's3://bucket?secretAccessKey=hunter2&endpoint=nowhere' }],
] as const) {
  const [name, value] = Object.entries(wrong)[0]!;
  test(`${service}: ${name}=${value ?? ''} ends it with exit code 4, is named, and no password is`, () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '..', '..', 'services', service, 'main.js')],
      { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...right, ...wrong } },
    );
    assert.equal(status, 4, stderr);
    const lines = stderr.trim().split('\n');
    assert.equal(lines.length, 1, stderr);
    const { level, msg } = JSON.parse(lines[0]!) as { level: string; msg: string };
    assert.equal(level, 'fatal');
    assert.ok(msg.startsWith(name), msg);
    assert.doesNotMatch(stderr, /hunter2/);
  });
}
