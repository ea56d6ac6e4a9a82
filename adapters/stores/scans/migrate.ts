import { createHash } from 'node:crypto';
import Postgrator from 'postgrator';
import type { Migration } from './migrations/index.js';

/** One connection inside a transaction. Takes several statements at once and answers with the rows of the last. */
export type Script = (text: string) => Promise<readonly unknown[]>;

/**
 * Brings the schema up to date inside the caller's transaction. The advisory lock makes services that start at the same
 * time wait for each other; it goes with the transaction. A database that is newer than this program is left as it is.
 */
export async function migrate(script: Script, migrations: readonly Migration[]): Promise<void> {
  await script(`select pg_advisory_xact_lock(${advisoryLock})`);
  const postgrator = new ListedMigrations(script, migrations);
  await postgrator.migrate();
}

/** Any number that no other program takes for its own lock. */
const advisoryLock = 7_315_204_118;

/** Postgrator reads migrations from files; these come with the program, so that nothing depends on where it is installed. */
class ListedMigrations extends Postgrator {
  /** Postgrator's own methods read it. */
  migrations: Postgrator.Migration[] = [];
  readonly #listed: readonly Migration[];

  constructor(script: Script, listed: readonly Migration[]) {
    super({
      driver: 'pg',
      schemaTable: 'neuroninspect.migrations',
      execQuery: async (text) => ({ rows: [...(await script(text))] }),
    });
    this.#listed = listed;
  }

  override getMigrations(): Promise<Postgrator.Migration[]> {
    this.migrations = this.#listed.map(({ version, name, sql }) => ({
      version,
      name,
      action: 'do',
      filename: name,
      md5: createHash('md5').update(sql).digest('hex'),
      getSql: () => sql,
    }));
    return Promise.resolve(this.migrations);
  }
}
