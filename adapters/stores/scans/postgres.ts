import pg from 'pg';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import { databaseError } from './errors.js';
import { migrate } from './migrate.js';
import { migrations, type Migration } from './migrations/index.js';
import type { OutboxOptions } from './outbox.js';
import type { Database, Row, Statement } from './sql.js';
import { createScanStore } from './store.js';
import { createTransaction } from './transaction.js';

export interface PostgresScanStoreOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Default 10. */
  readonly maxConnections?: number | undefined;
  readonly notices?: OutboxOptions | undefined;
}

/**
 * Opens the store of the cluster; brings its schema up to date first. Connections that break are replaced by the next call.
 * @throws ScanError `storage-failed`; retryable unless the URL or the rights of its user are wrong.
 */
export async function openPostgresScanStore(options: PostgresScanStoreOptions): Promise<ScanStore> {
  return createScanStore(await openPostgresDatabase(options), options.notices);
}

export async function openPostgresDatabase({ url, maxConnections }: PostgresScanStoreOptions): Promise<Database> {
  await migratePostgres(url, migrations);
  const pool = new pg.Pool({
    ...connection(url),
    max: maxConnections ?? 10,
    idleTimeoutMillis: 30_000,
    // Statements follow each other without waiting for the answers, each in its place of the order.
    pipeline: true,
    statement_timeout: 30_000,
    lock_timeout: 20_000,
    idle_in_transaction_session_timeout: 60_000,
    // The server's timeouts end a statement before this one, which is for servers that are gone without a word.
    query_timeout: 40_000,
  });
  // A broken connection is reported to its user or removed from the pool; without listeners it would end the process.
  pool.on('error', ignore);
  pool.on('connect', (client) => client.on('error', ignore));
  return createPoolDatabase(pool);
}

function createPoolDatabase(pool: pg.Pool): Database {
  return {
    query: (statement, values) => answer(pool, statement, values),
    async transaction(work) {
      const client = await pool.connect().catch(rethrow);
      const transaction = createTransaction((statement, values) => answer(client, statement, values));
      let broken: Error | undefined;
      try {
        // Nobody waits for it: the first statement is sent right behind.
        transaction.send(begin);
        const value = await work(transaction);
        const ended = transaction.end();
        const committed = client.query('commit').catch(rethrow);
        await Promise.all([ended, committed]);
        return value;
      } catch (error) {
        await transaction.end().catch(ignore);
        await client.query('rollback').catch((failure: unknown) => {
          broken = asError(failure);
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    async close() {
      await pool.end();
    },
  };
}

const begin: Statement = { name: 'begin', text: 'begin' };

async function answer(on: pg.Pool | pg.PoolClient, statement: Statement, values: readonly unknown[] = []) {
  const result = await on.query<Row>({ ...statement, values: [...values] }).catch(rethrow);
  return result.rows;
}

/** On a connection of its own: waiting for other services' migrations and migrating may take long. */
export async function migratePostgres(url: string, list: readonly Migration[]): Promise<void> {
  const client = new pg.Client({ ...connection(url), statement_timeout: 600_000 });
  client.on('error', ignore);
  try {
    await client.connect();
    await client.query('begin');
    await migrate(async (text) => {
      const results: unknown = await client.query(text);
      const last = (Array.isArray(results) ? results.at(-1) : results) as pg.QueryResult<Row> | undefined;
      return last?.rows ?? [];
    }, list);
    await client.query('commit');
  } catch (error) {
    throw databaseError(error);
  } finally {
    await client.end().catch(ignore);
  }
}

function connection(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'neuroninspect',
  };
}

function rethrow(error: unknown): never {
  throw databaseError(error);
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function ignore(): void {
  // The next call on the connection reports it.
}
