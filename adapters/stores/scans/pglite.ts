import type { PGlite } from '@electric-sql/pglite';
import type { ScanStore } from '../../../core/ports/scan-store.js';
import { databaseError } from './errors.js';
import { migrate } from './migrate.js';
import { migrations } from './migrations/index.js';
import type { OutboxOptions } from './outbox.js';
import type { Database, Row } from './sql.js';
import { createScanStore } from './store.js';
import { createTransaction } from './transaction.js';

export interface PgliteScanStoreOptions {
  /** Folder of the database; only one process may have it open. In memory where it is undefined. */
  readonly dir?: string | undefined;
  readonly notices?: OutboxOptions | undefined;
}

/**
 * PostgreSQL inside this process. It has one connection: transactions run one after the other, so a call of the store from
 * inside `locked` would wait for itself.
 */
export async function openPgliteScanStore(options: PgliteScanStoreOptions = {}): Promise<ScanStore> {
  return createScanStore(await openPgliteDatabase(options), options.notices);
}

export async function openPgliteDatabase({ dir }: Pick<PgliteScanStoreOptions, 'dir'>): Promise<Database> {
  // Some ten megabytes of WebAssembly that services on PostgreSQL never need.
  const { PGlite } = await import('@electric-sql/pglite');
  try {
    const db = await PGlite.create(dir === undefined ? {} : { dataDir: dir });
    await db.transaction(async (sql) => {
      await migrate(async (text) => (await sql.exec(text)).at(-1)?.rows ?? [], migrations);
    });
    return createPgliteDatabase(db);
  } catch (error) {
    throw databaseError(error);
  }
}

function createPgliteDatabase(db: PGlite): Database {
  return {
    query: async ({ text }, values = []) => (await db.query<Row>(text, [...values]).catch(rethrow)).rows,
    async transaction(work) {
      if (db.closed) rethrow(new Error('it is closed'));
      return db.transaction(async (sql) => {
        const transaction = createTransaction(
          async ({ text }, values) => (await sql.query<Row>(text, [...values]).catch(rethrow)).rows,
        );
        try {
          const value = await work(transaction);
          await transaction.end();
          return value;
        } catch (error) {
          // Nothing may follow the rollback.
          await transaction.end().catch(() => undefined);
          throw error;
        }
      });
    },
    close: () => db.close(),
  };
}

function rethrow(error: unknown): never {
  throw databaseError(error);
}
