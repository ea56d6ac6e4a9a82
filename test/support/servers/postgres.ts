import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { postgresBin } from './find.js';
import { launch, runToEnd, type Server, type ServerOptions } from './process.js';
import { startAt } from './start.js';

/** A database server with the superuser `postgres` and no password; `url` leads to the database `postgres`. */
export async function startPostgres(options: ServerOptions = {}): Promise<Server> {
  return await startAt('postgres', options, 1, async ({ dir, temporary, port }) => {
    const bin = postgresBin();
    const user = unprivileged();
    if (user) {
      chownSync(dir, user.uid, user.gid);
      chmodSync(dir, 0o700);
    }
    const data = join(dir, 'data');
    if (!existsSync(join(data, 'PG_VERSION'))) {
      await runToEnd(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync'], user);
    }
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: 200,
      shared_buffers: '32MB',
    };
    const args = [
      '-D',
      data,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ];
    const start = () =>
      launch({
        name: 'PostgreSQL',
        command: join(bin, 'postgres'),
        args,
        dir,
        temporary,
        port,
        url,
        // "Fast": waits for no client.
        stopSignal: 'SIGINT',
        probe: () => connect(url),
        ...user,
      });
    // After a kill -9 the sessions of the old server hold its shared memory until they notice.
    for (let tries = 1; ; tries++) {
      try {
        return await start();
      } catch (error) {
        if (tries === 50 || !/pre-existing shared memory|lock file "postmaster.pid" already exists/.test(String(error)))
          throw error;
        await pause(200);
      }
    }
  });
}

async function connect(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  await client.connect();
  try {
    await client.query('select 1');
  } finally {
    await client.end();
  }
}

/** PostgreSQL refuses to run as root; its package brings a user along. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
