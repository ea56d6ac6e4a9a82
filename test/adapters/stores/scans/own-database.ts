import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface OwnDatabase {
  readonly url: string;
  /** Runs statements as an administrator of the database would. */
  run(text: string): Promise<readonly Record<string, unknown>[]>;
  /** Removes the database, whoever is connected. */
  drop(): Promise<void>;
}

/** A new database on a running server. */
export async function createOwnDatabase(server: string): Promise<OwnDatabase> {
  const name = `scans_${randomBytes(8).toString('hex')}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await runAt(server, `create database ${name}`);
  return {
    url: url.href,
    run: (text) => runAt(url.href, text),
    async drop() {
      await runAt(server, `drop database ${name} with (force)`);
    },
  };
}

async function runAt(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
