import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client as Temporal, Connection } from '@temporalio/client';
import { Client } from 'pg';
import type { StoragePerScan } from './report.js';

interface Places {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly namespace: string;
  readonly folders: { readonly kafka: string; readonly objects: string };
  /** Before the first scan. */
  readonly since: DatabaseWork;
}

export interface DatabaseWork {
  readonly transactions: number;
  /** Bytes of the write-ahead log, which all databases of the server share. */
  readonly logBytes: number;
}

/** Since the server was started. */
export async function databaseWork(databaseUrl: string): Promise<DatabaseWork> {
  const [row] = await query<'transactions' | 'log'>(
    databaseUrl,
    `select (select xact_commit from pg_stat_database where datname = current_database()) as transactions,
            pg_current_wal_lsn() - '0/0' as log`,
  );
  return { transactions: Number(row!.transactions), logBytes: Number(row!.log) };
}

/** What all scans left behind, divided by their number. */
export async function storageOf(places: Places): Promise<StoragePerScan> {
  const { databaseUrl, temporalAddress, namespace, folders, since } = places;
  const work = await databaseWork(databaseUrl);
  const rows = await query<'scans' | 'rows' | 'bytes'>(
    databaseUrl,
    `select (select count(*) from neuroninspect.scans) as scans,
            (select count(*) from neuroninspect.scans) + (select count(*) from neuroninspect.tasks)
              + (select count(*) from neuroninspect.results) + (select count(*) from neuroninspect.verdicts) as rows,
            (select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = 'neuroninspect' and c.relkind = 'r') as bytes`,
  );
  const scans = Number(rows[0]!.scans);
  const history = await meanHistory(temporalAddress, namespace);
  return {
    historyEvents: history.events,
    historyBytes: history.bytes,
    databaseRows: Number(rows[0]!.rows) / scans,
    databaseBytes: Number(rows[0]!.bytes) / scans,
    databaseTransactions: (work.transactions - since.transactions) / scans,
    databaseLogBytes: (work.logBytes - since.logBytes) / scans,
    kafkaBytes: topicBytes(folders.kafka) / scans,
    objectBytes: bytesBelow(folders.objects) / scans,
  };
}

async function query<Column extends string>(url: string, text: string): Promise<Record<Column, string>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<Column, string>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function meanHistory(address: string, namespace: string): Promise<{ events: number; bytes: number }> {
  const connection = await Connection.connect({ address });
  const client = new Temporal({ connection, namespace });
  let [count, events, bytes] = [0, 0, 0];
  for await (const { historyLength, historySize } of client.workflow.list()) {
    count++;
    events += historyLength;
    bytes += historySize ?? 0;
  }
  await connection.close();
  return { events: events / count, bytes: bytes / count };
}

/** Written parts of the log files of the pipeline's topics; a broker sets space aside for index files. */
function topicBytes(data: string): number {
  return readdirSync(data)
    .filter((name) => name.startsWith('bench.'))
    .flatMap((name) => readdirSync(join(data, name)).map((file) => join(data, name, file)))
    .filter((path) => path.endsWith('.log'))
    .reduce((sum, path) => sum + statSync(path).size, 0);
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
