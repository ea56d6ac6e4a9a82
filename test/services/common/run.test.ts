import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';

const script = join(import.meta.dirname, 'run-subject.js');

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`on ${signal} a service hands back what it has and exits with 0`, async (t) => {
    const service = start(t, 'drains');
    await service.said('working');
    service.signal(signal);
    await service.said('handed back');
    assert.equal(await service.exitCode, 0);
    assert.deepEqual(service.messages(), ['stopping', 'stopped']);
  });
}

test('a second signal ends it at once', async (t) => {
  const service = start(t, 'hangs');
  await service.said('working');
  service.signal('SIGTERM');
  await service.said('hanging');
  service.signal('SIGTERM');
  assert.equal(await service.exitCode, 143);
});

test('a service that does not drain ends by itself, as a failure', async (t) => {
  const service = start(t, 'hangs', { NEURONINSPECT_DRAIN_SECONDS: '0' });
  await service.said('working');
  service.signal('SIGTERM');
  assert.equal(await service.exitCode, 1);
  assert.match(service.messages().at(-1) ?? '', /^not drained 0 s after SIGTERM/);
});

test('wrong settings: exit code 4, one line for each, and it does not matter that the log level is wrong too', async (t) => {
  const service = start(t, 'is told nonsense', { NEURONINSPECT_LOG_LEVEL: 'loud' });
  assert.equal(await service.exitCode, 4);
  assert.deepEqual(service.messages(), ['NEURONINSPECT_A is wrong', 'NEURONINSPECT_B is wrong']);
});

test('an error ends it with 1 and is in the log without passwords', async (t) => {
  const service = start(t, 'fails');
  assert.equal(await service.exitCode, 1);
  assert.match(service.log(), /no database at postgres:\/\/user:\*\*\*@db\/scans/);
  assert.doesNotMatch(service.log(), /hunter2/);
});

test('a rejection that nobody handles ends it with 1: a restart is better than half a service', async (t) => {
  const service = start(t, 'forgets a rejection');
  assert.equal(await service.exitCode, 1);
  assert.deepEqual(service.messages(), ['unhandled rejection']);
  assert.match(service.log(), /nobody caught this/);
});

function start(t: TestContext, behaviour: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [script, behaviour], { env: { ...process.env, ...env } });
  t.after(() => child.kill('SIGKILL'));
  let log = '';
  child.stderr.on('data', (chunk) => (log += String(chunk)));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const exitCode = once(child, 'close').then((values) => values[0] as number | null);
  return {
    exitCode,
    signal: (name: NodeJS.Signals) => child.kill(name),
    log: () => log,
    messages: () =>
      log
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
    async said(text: string) {
      for (;;) {
        const line = await lines.next();
        if (line.value === text) return;
        if (line.done) assert.fail(`ended without "${text}": ${log}`);
      }
    },
  };
}
