import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it, type TestContext } from 'node:test';
import { createS3ObjectStore } from '../../../../adapters/stores/objects/s3.js';
import { read, rejects } from '../../../contract/object-store.js';

const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' };

async function storeAt(t: TestContext, listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { endpoint, server, store: createS3ObjectStore({ bucket: 'bucket', endpoint, credentials }) };
}

it('asks again when the store stumbles', async (t) => {
  let asked = 0;
  const { store } = await storeAt(t, (request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(asked++ < 2 ? 503 : 200, { 'content-length': 5 }).end('hello');
    });
  });
  assert.deepEqual(await read(store, 'a'), Uint8Array.from(Buffer.from('hello')));
  assert.equal(asked, 3);
  asked = 0;
  await store.put('a', Buffer.from('hello'), 5);
  assert.equal(asked, 3);
});

it('reports a store that keeps failing, as something that may pass', async (t) => {
  const { store } = await storeAt(t, (request, response) => {
    request.resume();
    response.writeHead(500).end();
  });
  await rejects(store.put('a', Buffer.from('hello'), 5), {
    retryable: true,
    message: /object a in bucket bucket at http/,
  });
  await rejects(store.size('a'), { retryable: true, message: /status 500/ });
});

it('reports a store that is not there, as something that may pass', async (t) => {
  const { store, server } = await storeAt(t, () => undefined);
  server.close();
  await once(server, 'close');
  const calls = [
    () => store.put('a', Buffer.from('hello'), 5),
    () => store.get('a'),
    () => store.size('a'),
    () => store.delete('a'),
  ];
  for (const call of calls) {
    await rejects(call(), { retryable: true, message: /ECONNREFUSED.*check that the store can be reached/ });
  }
});

it('never takes the half of an object for the whole', async (t) => {
  const { store } = await storeAt(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('half', () => response.destroy());
  });
  await rejects(read(store, 'a'), { retryable: true });
});

it('says which variables are missing without credentials', async (t) => {
  const { endpoint } = await storeAt(t, () => undefined);
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'];
  const kept = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  // No file of credentials, no role of the machine.
  const nowhere = {
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  Object.assign(process.env, nowhere);
  for (const name of names) Reflect.deleteProperty(process.env, name);
  t.after(() => {
    for (const name of Object.keys(nowhere)) Reflect.deleteProperty(process.env, name);
    for (const [name, value] of Object.entries(kept)) if (value !== undefined) process.env[name] = value;
  });
  await rejects(createS3ObjectStore({ bucket: 'bucket', endpoint }).get('a'), {
    message: /set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
  });
});
