import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger } from '../../../services/common/logger.js';
import { redactCredentials } from '../../../services/common/redact.js';

test('a line is a JSON object with level, time, service and what the caller said', () => {
  const [line] = logged((logger) => {
    logger.info({ scan: 'abc', tasks: 3 }, 'dispatched');
  });
  assert.deepEqual(
    {
      level: line!.level,
      service: line!.service,
      pid: line!.pid,
      scan: line!.scan,
      tasks: line!.tasks,
      msg: line!.msg,
    },
    { level: 'info', service: 'worker', pid: process.pid, scan: 'abc', tasks: 3, msg: 'dispatched' },
  );
  assert.match(String(line!.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('a name from outside makes no line of its own and moves no terminal', () => {
  const name = 'a\n{"level":"fatal","msg":"forged"}\r\u001b[2J\u2028.onnx';
  const text = raw((logger) => {
    logger.warn({ model: name, err: new Error(name) }, name);
  });
  assert.equal(text.trim().split('\n').length, 1);
  assert.ok(!text.includes('\u001b') && !text.includes('\r'));
  assert.equal((JSON.parse(text) as { msg: string }).msg, name);
});

test('what is below the level is not written', () => {
  const lines = logged((logger) => {
    logger.debug('chatter');
    logger.warn('trouble');
  });
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['trouble'],
  );
});

test('a password is written nowhere: not from a field, a message, an error, its cause or its stack', () => {
  const text = raw((logger) => {
    const cause = new Error('no route to amqp://user:hunter2@mq:5672');
    logger.error(
      {
        url: 'postgres://user:hunter2@db/scans',
        nested: { list: ['http://key:hunter2@s3:9000/b'] },
        err: new Error('x', { cause }),
      },
      'cannot reach s3://bucket?accessKeyId=hunter2&secretAccessKey=hunter2&region=eu and redis://:hunter2@cache',
    );
  });
  assert.doesNotMatch(text, /hunter2/);
  const line = JSON.parse(text) as { url: string; msg: string };
  assert.equal(line.url, 'postgres://user:***@db/scans');
  assert.match(line.msg, /region=eu and redis:\/\/:\*\*\*@cache$/);
});

test('whatever the password is made of, it goes and the host stays', () => {
  const character = fc.constantFrom(...'abcXYZ019-._~!$&()*+,;=:@%'.split(''));
  const password = fc.array(character, { minLength: 6, maxLength: 40 }).map((all) => `pw${all.join('')}`);
  fc.assert(
    fc.property(password, (word) => {
      const text = redactCredentials(`at "postgres://scanner:${word}@db.internal:5432/scans" now`);
      assert.equal(text, 'at "postgres://scanner:***@db.internal:5432/scans" now');
    }),
  );
});

test('texts without credentials stay as they are', () => {
  for (const text of [
    'GET http://127.0.0.1:8080/readyz at 10:30 by someone@example.com',
    's3://bucket/prefix?region=eu&forcePathStyle=true',
    'file:///var/lib/neuroninspect',
    'postgres://user@db/scans',
    '{"a":"http://x:1","b":"c@d"}',
  ]) {
    assert.equal(redactCredentials(text), text);
  }
});

function logged(write: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  return raw(write)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function raw(write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  write(createLogger({ service: 'worker', destination: { write: (line: string) => (text += line) } }));
  return text;
}
