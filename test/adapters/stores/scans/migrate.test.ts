import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import { migrate } from '../../../../adapters/stores/scans/migrate.js';
import type { Migration } from '../../../../adapters/stores/scans/migrations/index.js';

let db: PGlite;
before(async () => {
  db = await PGlite.create();
});
after(() => db.close());

const first: Migration = {
  version: 1,
  name: 'first',
  sql: 'create table one (id integer); insert into one values (1);',
};
const second: Migration = { version: 2, name: 'second', sql: 'alter table one add column name text;' };

it('runs what the database does not have yet, in order, once', async () => {
  await run([first]);
  await run([second, first]);
  await run([first, second]);
  assert.deepEqual((await db.query('select * from one')).rows, [{ id: 1, name: null }]);
  assert.deepEqual(await versions(), [0, 1, 2]);
});

it('leaves a database of a newer release as it is', async () => {
  await run([first]);
  assert.deepEqual(await versions(), [0, 1, 2]);
});

it('refuses to go on when a migration that was run says something else now', async () => {
  await assert.rejects(run([{ ...first, sql: 'create table other (id integer);' }, second]), /MD5.*1/);
});

it('keeps nothing of a migration that fails', async () => {
  const broken: Migration = { version: 3, name: 'broken', sql: 'create table three (id integer); select 1 / 0;' };
  await assert.rejects(run([first, second, broken]), /division by zero/);
  assert.deepEqual((await db.query("select to_regclass('three') as found")).rows, [{ found: null }]);
  assert.deepEqual(await versions(), [0, 1, 2]);
});

async function run(migrations: readonly Migration[]): Promise<void> {
  await db.transaction(async (sql) => {
    await migrate(async (text) => (await sql.exec(text)).at(-1)?.rows ?? [], migrations);
  });
}

async function versions(): Promise<number[]> {
  const { rows } = await db.query<{ version: number }>(
    'select version::integer from neuroninspect.migrations order by version',
  );
  return rows.map(({ version }) => version);
}
