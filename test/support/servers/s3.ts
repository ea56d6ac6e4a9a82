import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { versitygwCommand } from './find.js';
import { launch, type Server, type ServerOptions } from './process.js';
import { startAt } from './start.js';

export interface S3Server extends Server {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** An S3 server that keeps its buckets in a folder. `url` holds the credentials: `http://KEY:SECRET@host:port`. */
export async function startS3(options: ServerOptions = {}): Promise<S3Server> {
  const account = { region: 'us-east-1', accessKeyId: 'neuroninspect', secretAccessKey: 'only-for-tests' };
  const server = await startAt('s3', options, 1, async ({ dir, temporary, port }) => {
    const data = join(dir, 'data');
    mkdirSync(data, { recursive: true });
    const endpoint = `http://127.0.0.1:${port}`;
    return await launch({
      name: 'S3',
      command: versitygwCommand(),
      args: ['--port', `127.0.0.1:${port}`, '--region', account.region, '--quiet', 'posix', data],
      env: { ...process.env, ROOT_ACCESS_KEY: account.accessKeyId, ROOT_SECRET_KEY: account.secretAccessKey },
      dir,
      temporary,
      port,
      url: `http://${account.accessKeyId}:${account.secretAccessKey}@127.0.0.1:${port}`,
      probe: () => fetch(endpoint, { signal: AbortSignal.timeout(2000) }),
    });
  });
  return { ...server, ...account, endpoint: `http://${server.address}` };
}
