import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface HttpOptions {
  readonly host: string;
  /** 0 takes any. */
  readonly port: number;
  /** What keeps the service from working now, each in a few words; nothing: ready. */
  readonly ready: Check;
  /** What only a restart can mend. */
  readonly live: Check;
  readonly metrics: { text(): Promise<string>; readonly contentType: string };
  /** A check that takes longer fails. Default: 5000. */
  readonly checkMs?: number;
}

export type Check = () => readonly string[] | Promise<readonly string[]>;

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** `/livez`, `/readyz` (200 or 503, with the reasons as lines) and `/metrics`. Bounded in requests, their size and their time. */
export async function serveHttp(options: HttpOptions): Promise<HttpServer> {
  const limits = { maxHeaderSize: 8192, requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 5000 };
  const server = createServer(limits, (request, response) => {
    // Nobody has reason to send a body here.
    if (request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0) {
      response.setHeader('connection', 'close');
      send(response, 413, 'no body is expected\n');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, 405, 'only GET and HEAD\n');
      return;
    }
    void answer(options, request.url ?? '/', response);
  });
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    port,
    url: `http://${host}:${port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(options: HttpOptions, url: string, response: ServerResponse): Promise<void> {
  const path = url.split('?', 1)[0];
  try {
    if (path === '/livez') await sendCheck(response, options.live, options.checkMs);
    else if (path === '/readyz') await sendCheck(response, options.ready, options.checkMs);
    else if (path === '/metrics') send(response, 200, await options.metrics.text(), options.metrics.contentType);
    else send(response, 404, '/livez, /readyz, /metrics\n');
  } catch (error) {
    send(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

async function sendCheck(response: ServerResponse, check: Check, checkMs = 5000): Promise<void> {
  const abort = new AbortController();
  const late = pause(checkMs, [`no answer within ${checkMs} ms`], { signal: abort.signal, ref: false });
  late.catch(() => undefined);
  const failed = (error: unknown) => [error instanceof Error ? error.message : String(error)];
  const reasons = await Promise.race([late, Promise.resolve().then(check).catch(failed)]);
  abort.abort();
  send(response, reasons.length === 0 ? 200 : 503, reasons.length === 0 ? 'ok\n' : `${reasons.join('\n')}\n`);
}

function send(response: ServerResponse, status: number, text: string, contentType = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
