import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text as readAll } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { serveHttp, type HttpOptions } from '../../../services/common/http.js';

const metrics = {
  text: () => Promise.resolve('neuroninspect_engine_slots 2\n'),
  contentType: 'text/plain; version=0.0.4',
};

test('a service that can work says so', async (t) => {
  const url = await serve(t, {});
  assert.deepEqual(await get(`${url}/readyz`), [200, 'ok\n']);
  assert.deepEqual(await get(`${url}/livez?verbose`), [200, 'ok\n']);
});

test('a service that waits for others is alive, not ready, and says for whom it waits', async (t) => {
  const url = await serve(t, { ready: () => ['no broker answers', 'no database'] });
  assert.deepEqual(await get(`${url}/readyz`), [503, 'no broker answers\nno database\n']);
  assert.deepEqual(await get(`${url}/livez`), [200, 'ok\n']);
});

test('a check that fails or never ends counts as not ready', async (t) => {
  const url = await serve(t, {
    ready: () => Promise.reject(new Error('connection refused')),
    live: () => new Promise<string[]>(() => undefined),
    checkMs: 50,
  });
  assert.deepEqual(await get(`${url}/readyz`), [503, 'connection refused\n']);
  assert.deepEqual(await get(`${url}/livez`), [503, 'no answer within 50 ms\n']);
});

test('metrics have the type that Prometheus asks for', async (t) => {
  const url = await serve(t, {});
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4');
  assert.equal(await response.text(), 'neuroninspect_engine_slots 2\n');
});

test('a failing metric is an answer, not a crash', async (t) => {
  const url = await serve(t, { metrics: { ...metrics, text: () => Promise.reject(new Error('no metric')) } });
  assert.deepEqual(await get(`${url}/metrics`), [500, 'no metric\n']);
});

test('other paths, methods and bodies are refused', async (t) => {
  const url = await serve(t, {});
  assert.equal((await get(`${url}/`))[0], 404);
  assert.equal((await get(`${url}/metrics/../livez/x`))[0], 404);
  assert.equal((await get(`${url}/livez`, { method: 'DELETE' }))[0], 405);
  assert.equal((await get(`${url}/livez`, { method: 'POST', body: 'x'.repeat(100_000) }))[0], 413);
  assert.deepEqual(await get(`${url}/livez`, { method: 'HEAD' }), [200, '']);
});

test('a request with endless headers is cut off', async (t) => {
  const { port } = new URL(await serve(t, {}));
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n`);
  assert.match(await readAll(socket), /^HTTP\/1\.1 431 /);
});

test('stopping does not wait for clients that keep their connection', async (t) => {
  const server = await serveHttp({ host: '127.0.0.1', port: 0, ready: () => [], live: () => [], metrics });
  const socket = connect(server.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await server.stop();
  await closed;
});

test('a port that is taken is an error at the start', async (t) => {
  const { port } = new URL(await serve(t, {}));
  await assert.rejects(
    serveHttp({ host: '127.0.0.1', port: Number(port), ready: () => [], live: () => [], metrics }),
    /EADDRINUSE/,
  );
});

async function serve(t: TestContext, options: Partial<HttpOptions>): Promise<string> {
  const server = await serveHttp({ host: '127.0.0.1', port: 0, ready: () => [], live: () => [], metrics, ...options });
  t.after(() => server.stop());
  return server.url;
}

async function get(url: string, options: RequestInit = {}): Promise<[number, string]> {
  const response = await fetch(url, options);
  return [response.status, await response.text()];
}
